/** What an acceptor says first, in tests. */
export const HELLO = {
  kind: "hello",
  acceptor: "a1",
  host: "h",
  pid: 1,
  term: 0,
  generation: 0,
  version: "0",
} as const;
