import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { later, until } from "../test-peers.ts";
import { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";
import { AccessLog } from "./access-log.ts";

let directory: string;
let path: string;
let listener: TestListener;
let open: OpenClient;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "access-log-test-"));
  path = join(directory, "logs", "access.log");
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
});
afterEach(() => {
  open.client.destroy();
  listener.close();
  rmSync(directory, { recursive: true });
});

/** The exchange that a line is about; what a test says overrides what was read. */
async function exchange(
  changes: Partial<Exchange> = {},
  head = "GET / HTTP/1.1\r\nHost: a",
): Promise<Exchange> {
  return Object.assign(await exchangeOf(open.client, `${head}\r\n\r\n`), changes);
}

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("AccessLog writes one line of JSON with everything that is known of an exchange", async () => {
  const settled = await exchange({}, "GET /x?y HTTP/1.1\r\nHost: www.example\r\nCookie: tier=gold");
  const server = { name: "g1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
  settled.began(new Attempt(settled, new Backend("gold", server, () => 0), 4_000_000_000, true, [], 0), true);
  settled.answers(200, 30);
  Object.assign(settled, {
    beganAt: 10,
    headAt: 11,
    classifiedAt: 12.5,
    startedAt: 14,
    connectedAt: 17,
    dueAt: 31,
  });
  settled.bytesOut = 77;
  const log = new AccessLog(path, "a1");
  log.write(settled, "id-7", 40);
  await log.close();
  const [line] = linesOf(readFileSync(path, "utf8"));
  expect(line).toEqual({
    level: 30,
    time: Math.round(performance.timeOrigin + 40),
    acceptor: "a1",
    id: "id-7",
    client: "127.0.0.1",
    method: "GET",
    host: "www.example",
    target: "/x?y",
    http: "1.1",
    status: 200,
    class: "gold",
    rule: "gold cookie",
    pool: "gold",
    server: "g1",
    seed: 4_000_000_000,
    spilled: true,
    generation: 1,
    attempts: 1,
    bytesIn: settled.received.length,
    bytesOut: 77,
    TR: 1,
    Tk: 1.5,
    Tw: 1.5,
    Tc: 3,
    Tr: 13,
    To: 1,
    Td: 9,
    Ta: 30,
    ended: "--",
  });
});

test.each([
  ["a target with quotes", 'GET /"\\x HTTP/1.1\r\nHost: a', {}, { target: '/"\\x' }],
  ["a user of any script", undefined, { user: 'änn "\\\u2028\ud83d' }, { user: 'änn "\\\u2028\ud83d' }],
  [
    "a refused host",
    'GET / HTTP/1.1\r\nHost: "a\\\t',
    {},
    { status: 400, failure: "host-value", ended: "PR" },
  ],
  ["a head of which nothing is known", "\0\0\0", {}, { host: "", target: "", status: 400 }],
  ["a client that a peer names", undefined, { forwardedClient: "2001:db8::1" }, { client: "2001:db8::1" }],
])("AccessLog writes lines that are JSON whatever is in them: %s", async (_, head, changes, expected) => {
  const log = new AccessLog(path, 'acceptor "é1"');
  log.write(await exchange(changes, head), "id", 1);
  await log.close();
  const text = readFileSync(path, "utf8");
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(linesOf(text)[0]).toMatchObject({ ...expected, acceptor: 'acceptor "é1"' });
});

test("AccessLog writes at the latest when it is flushed, and a block as soon as it is full", async () => {
  const settled = await exchange();
  const log = new AccessLog(path, "a1");
  log.write(settled, "first", 1);
  for (let i = 0; i < 5; i++) await later();
  expect(readFileSync(path, "utf8")).toBe("");
  log.flush();
  await until(() => readFileSync(path, "utf8").includes("first"));
  for (let i = 0; i < 1_000; i++) log.write(settled, `${i}`, 1);
  await until(() => readFileSync(path, "utf8").length > 65_536);
  await log.close();
  const lines = linesOf(readFileSync(path, "utf8"));
  expect(lines.map(({ id }) => id)).toEqual(["first", ...Array.from({ length: 1_000 }, (_, i) => `${i}`)]);
  expect(log.dropped).toBe(0);
});

test("AccessLog goes on in a new file after a rotation, and loses no line", async () => {
  const settled = await exchange();
  const log = new AccessLog(path, "a1");
  log.write(settled, "before", 1);
  log.flush();
  await until(() => readFileSync(path, "utf8") !== "");
  renameSync(path, `${path}.1`);
  log.write(settled, "between", 1);
  log.reopen();
  log.write(settled, "after", 1);
  await until(() => {
    log.flush();
    const all = [path, `${path}.1`].map((each) => readOr(each)).join("");
    return all.includes("after") && all.includes("between");
  });
  expect(linesOf(readOr(`${path}.1`))[0]).toMatchObject({ id: "before" });
  expect(linesOf(readOr(path)).at(-1)).toMatchObject({ id: "after" });
  await log.close();
});

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

test("AccessLog drops whole lines and counts them when its sink blocks, and goes on when it does not", async () => {
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const settled = await exchange();
  const log = new AccessLog(fifo, "a1");
  let written = 0;
  // The loop stays free: else none of these turns would pass.
  while (log.dropped === 0) {
    for (let i = 0; i < 200; i++) log.write(settled, `${written++}`, 1);
    await later();
  }
  const text: Buffer[] = [];
  const memory = Buffer.alloc(65_536);
  const drain = (): void => {
    try {
      for (let n = readSync(reader, memory); n > 0; n = readSync(reader, memory))
        text.push(Buffer.from(memory.subarray(0, n)));
    } catch {
      // Nothing there for now.
    }
  };
  let closed = false;
  const closing = log.close().then(() => {
    closed = true;
  });
  await until(() => {
    drain();
    return closed;
  });
  await closing;
  drain();
  closeSync(reader);
  const ids = linesOf(Buffer.concat(text).toString()).map(({ id }) => Number(id));
  expect(ids.length).toBe(written - log.dropped);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
});

test("AccessLog.close() does not wait for ever for a sink that blocks", async () => {
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const settled = await exchange();
  const log = new AccessLog(fifo, "a1");
  for (let i = 0; i < 2_000; i++) log.write(settled, `${i}`, 1);
  await log.close();
  // Ends the write that still waits for its reader.
  closeSync(reader);
});

test("AccessLog says at once that its file cannot be opened", () => {
  expect(() => new AccessLog(directory, "a1")).toThrow(`Cannot open the access log "${directory}": EISDIR`);
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  expect(() => new AccessLog(fifo, "a1")).toThrow("ENXIO");
});

test("AccessLog that is off writes nothing and can be told everything", async () => {
  const log = new AccessLog("off", "a1");
  log.write(await exchange(), "id", 1);
  log.flush();
  log.reopen();
  await log.close();
});

test("AccessLog on the standard output is not reopened", () => {
  const log = new AccessLog("stdout", "a1");
  expect(() => log.reopen()).not.toThrow();
});
