import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** More heads than classifier threads can judge. */

const MOST = 65_536;
/** Octets that one read brings at most, of the client that fills the bound. */
const READ = 65_536;
const CLIENTS = 200;

let server: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await SampleServer.start("s");
  // The one thread that works hangs for seconds with one request, and nobody else is judged meanwhile.
  shunt = await startShunt(
    { ...onePool(server), limits: { headsBufferBytes: MOST }, timeouts: { classifyMs: 3_000 } },
    { SHUNT_TEST_HANG_ON: "this-one-hangs" },
  );
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test("heads that wait for a thread that hangs are not read beyond a bound, and all are answered in the end", async () => {
  using hanging = await shunt.connect();
  await hanging.send(get("/hangs", "X-Hang: this-one-hangs"));
  const backlog = (): Promise<number> => shunt.metric("shunt_classifier_backlog_bytes");
  await eventually(backlog, (octets) => octets > 0);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => shunt.connect()));
  const large = `X-Large: ${"x".repeat(8_000)}`;
  const answers = Promise.all(clients.map((client) => client.ask("/waits", large)));
  const seen: number[] = [await eventually(backlog, (octets) => octets >= MOST)];
  for (let i = 0; i < 5; i++) {
    await sleep(200);
    seen.push(await backlog());
  }
  expect(Math.max(...seen)).toBeLessThan(MOST + READ);
  expect((await answers).map(({ status }) => status)).toEqual(Array(CLIENTS).fill(200));
  expect((await hanging.response()).status).toBe(500);
  expect(await eventually(backlog, (octets) => octets === 0)).toBe(0);
  for (const client of clients) client[Symbol.dispose]();
});
