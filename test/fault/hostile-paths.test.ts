import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { get } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Paths of 15 KiB that can be read in many ways: they are told apart from plain ones, and no classifier is lost on them. */

/** What a server on Node.js takes, beside a few fields. */
const TARGET_BYTES = 15 * 1_024;
const CLIENTS = 8;

let server: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await SampleServer.start("s");
  shunt = await startShunt({
    ...onePool(server),
    classes: { all: { pool: "all" }, vip: { pool: "all" } },
    // An expression makes rules costly, so that classifier threads have all of the work.
    rules: [
      { name: "vip", when: { path: { prefix: "/vip/" } }, class: "vip" },
      { name: "report", when: { path: { regex: "^/report-[0-9]+$" } }, class: "vip" },
    ],
    limits: { headBytes: 2 * TARGET_BYTES, targetBytes: TARGET_BYTES },
  });
});

afterEach(() => shunt.quiet());

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** As long as a target may be. */
const longest = (start: string, piece: string): string =>
  start + piece.repeat(Math.floor((TARGET_BYTES - start.length) / piece.length));

/** The statuses that clients get who send the same target at the same time, several times over. */
async function statusesOf(target: string): Promise<Set<number>> {
  const asked = Array.from({ length: CLIENTS }, async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      using client = await shunt.connect();
      await client.send(get(target));
      statuses.push((await client.response()).status);
    }
    return statuses;
  });
  return new Set((await Promise.all(asked)).flat());
}

test.each([
  ["..;/", 400],
  [";/", 400],
  ["[|^", 400],
  ["%2f%5c%252f..;x//%3f", 400],
  ["%2541/./", 400],
  ["%252f", 400],
  ["%5c%2f", 400],
  ["a%3f;", 400],
  // two readings of which one is a single octet
  ["../", 200],
])("a target of 15 KiB of %s is judged, and so are those of other clients", async (piece, status) => {
  const [hostile, plain] = await Promise.all([
    statusesOf(longest("/./", piece)),
    statusesOf(longest("/", "abc/efg/")),
  ]);
  expect([...hostile]).toEqual([status]);
  expect([...plain]).toEqual([200]);
  expect(await shunt.metric("shunt_classifier_stuck_total")).toBe(0);
});

test("a path that has one reading may be as long as a target may be, whatever has to be encoded of it", async () => {
  expect([...(await statusesOf(longest("/", "[|^")))]).toEqual([200]);
  expect([...(await statusesOf(longest("/", "%41")))]).toEqual([200]);
});
