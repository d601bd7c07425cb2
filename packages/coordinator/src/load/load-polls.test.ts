import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Snapshot } from "@shunt/core";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { testConfig } from "../test-config.ts";
import { LoadPolls, readLoad } from "./load-polls.ts";

let server: Server;
let answer: { status: number; body: string };
let asked: string[];
let polls: LoadPolls;
let now: number;
let logged: string[];

beforeEach(async () => {
  asked = [];
  logged = [];
  now = 0;
  answer = { status: 200, body: "0.25" };
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const log = pino({ level: "info" }, { write: (line: string) => logged.push(JSON.parse(line).msg) });
  polls = new LoadPolls({ current: () => snapshot, log, clock: () => now });
  polls.start();
});

afterEach(async () => {
  polls.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

let snapshot: Snapshot;
beforeEach(() => {
  const { port } = server.address() as AddressInfo;
  const config = testConfig("unused");
  const pools = config.pools.map((pool, index) => ({
    ...pool,
    servers: pool.servers.slice(0, 1).map((each) => ({ ...each, port, authority: `127.0.0.1:${port}` })),
    announcedLoad:
      index === 0 ? ({ from: "poll", path: "/load?of=me", intervalMs: 100 } as const) : undefined,
  }));
  snapshot = { term: 0, generation: 1, config: { ...config, pools } };
});

const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 10 });

test("LoadPolls asks the servers of pools that say so, and of no other, and knows what they answer", async () => {
  await until(() => expect(polls.words()).toEqual(new Map([["gold/g1", 0.25]])));
  expect(new Set(asked)).toEqual(new Set(["/load?of=me"]));
  answer.body = '{"load": 0.5}';
  now += 100;
  await until(() => expect(polls.words().get("gold/g1")).toBe(0.5));
});

test("LoadPolls believes a word for three intervals when nothing better comes, and says once that none does", async () => {
  await until(() => expect(polls.words().size).toBe(1));
  for (const [status, body] of [
    [200, "1.5"],
    [500, "0.5"],
    [200, "x".repeat(2_000)],
  ] as const) {
    answer = { status, body };
    const before = asked.length;
    now += 100;
    await until(() => expect(asked.length).toBeGreaterThan(before));
  }
  expect(polls.words().get("gold/g1")).toBe(0.25);
  now += 1;
  expect(polls.words().size).toBe(0);
  await until(() => expect(logged).toEqual(["server does not say how loaded it is"]));
});

test("LoadPolls knows nothing after it was stopped, and asks nobody", async () => {
  await until(() => expect(polls.words().size).toBe(1));
  polls.stop();
  expect(polls.words().size).toBe(0);
});

test.each([
  ["0.73\n", 0.73],
  ['{"load": 1, "cores": 4}', 1],
  ['{"load": "0.5"}', undefined],
  ['{"load": 1.1}', undefined],
  ['{"load": 0.5', undefined],
  ["null", undefined],
  ["", undefined],
])("readLoad() takes %j for %j", (text, load) => {
  expect(readLoad(text)).toBe(load);
});
