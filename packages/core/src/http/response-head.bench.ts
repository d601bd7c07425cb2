/**
 * What it costs to judge one response head: where servers say the same again, and where they say something else each time,
 * early or late in the head, so that the octets are compared in vain (decision 0020). Run with
 * `node packages/core/src/http/response-head.bench.ts`.
 */
import { FieldNames } from "./field-names.ts";
import { HEAD } from "./head-flags.ts";
import { ResponseHead } from "./response-head.ts";

const ROUNDS = 9;
const HEADS = 100_000;
const LIMITS = { headBytes: 32_768, fields: 128 };

function headOf(date: number, etag: number): Buffer {
  const fields = [
    "HTTP/1.1 200 OK",
    "Server: nginx/1.22.1",
    `Date: Mon, 30 Nov 2026 20:00:0${date} GMT`,
    "Content-Type: application/json; charset=utf-8",
    "Content-Length: 64",
    "Connection: keep-alive",
    "Cache-Control: no-store, max-age=0",
    "Vary: Accept-Encoding, Origin",
    `ETag: "5b2f1f6e-${etag}"`,
  ];
  return Buffer.from(`${fields.join("\r\n")}\r\n\r\n`);
}

/** Heads that come in turn, and whether each is compared with the one before. */
const cases: readonly (readonly [string, boolean, readonly Buffer[]])[] = [
  ["compared with nothing", false, [headOf(1, 1)]],
  ["the same again", true, [headOf(1, 1)]],
  ["another Date each time", true, [headOf(1, 1), headOf(2, 1)]],
  ["another ETag each time", true, [headOf(1, 1), headOf(1, 2)]],
];

/** Nanoseconds for one, of the best of several rounds: what is worse is the machine. */
function nanoseconds(isCompared: boolean, heads: readonly Buffer[]): number {
  const head = new ResponseHead(new FieldNames(), LIMITS);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < HEADS; i++) {
      const octets = heads[i % heads.length] as Buffer;
      if (!isCompared) head.limits = LIMITS;
      if (head.judge(octets, 0, octets.length, false) !== HEAD.COMPLETE) throw new Error(head.wrong);
    }
    best = Math.min(best, Number(process.hrtime.bigint() - began) / HEADS);
  }
  return best;
}

for (const [title, isCompared, heads] of cases)
  console.log(`${title}: ${nanoseconds(isCompared, heads).toFixed(0)} ns of ${heads[0]?.length} octets`);
