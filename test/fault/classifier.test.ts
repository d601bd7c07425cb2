import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Classifier threads that never come back from a request. */

const HANGS = "X-Hang: this-one-hangs";

let gold: SampleServer;
let general: SampleServer;
let shunt: RunningShunt;
/** Requests that were made to hang so far. */
let hung = 0;

beforeAll(async () => {
  [gold, general] = await Promise.all([SampleServer.start("g"), SampleServer.start("s")]);
  shunt = await startShunt(goldAndGeneral([gold], [general]), { SHUNT_TEST_HANG_ON: "this-one-hangs" });
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await gold[Symbol.asyncDispose]();
  await general[Symbol.asyncDispose]();
});

async function clients(count: number): Promise<Disposable & { all: readonly RawClient[] }> {
  const all = await Promise.all(Array.from({ length: count }, () => shunt.connect()));
  return {
    all,
    [Symbol.dispose]() {
      for (const client of all) client[Symbol.dispose]();
    },
  };
}

test("a request that hangs its thread gets 500, and the others of the same batch their answers", async () => {
  const { pid } = await shunt.acceptor();
  using group = await clients(20);
  // In one turn of this process, so that they arrive together.
  const answers = group.all.map((client, i) =>
    client.ask(`/${i}`, ...(i === 7 ? [HANGS] : ["Cookie: tier=gold"])),
  );
  for (const [i, response] of (await Promise.all(answers)).entries()) {
    if (i !== 7) expect(response.text).toBe(`g GET /${i}`);
    else
      expect([response.status, field(response, "proxy-status")]).toEqual([
        500,
        expect.stringContaining("classifier"),
      ]);
  }
  hung += 1;
  expect((await shunt.acceptor()).pid).toBe(pid);
});

test("a pipelined request that hangs its thread gets 500 behind the answers to those before it", async () => {
  using client = await shunt.connect();
  await client.send(get("/before") + get("/before") + get("/hangs", HANGS) + get("/behind"));
  const responses = await client.responses(3);
  hung += 1;
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 500]);
  expect(await client.closes()).toBe(true);
  expect([...gold.targets, ...general.targets]).not.toContain("/behind");
});

test("an acceptor survives one hanging request after the other and says how many there were", async () => {
  for (let i = 0; i < 5; i++) {
    using hanging = await shunt.connect();
    using other = await shunt.connect();
    const [hanged, answered] = await Promise.all([hanging.ask("/x", HANGS), other.ask("/y")]);
    expect([hanged.status, answered.text]).toEqual([500, "s GET /y"]);
    hung += 1;
  }
  await eventually(
    () => shunt.metric("shunt_classifier_stuck_total"),
    (count) => count === hung,
  );
  await shunt.quiet();
});

test("several requests that hang at the same time each get 500, and the rest their answers", async () => {
  using group = await clients(12);
  const answers = group.all.map((client, i) => client.ask(`/${i}`, ...(i % 4 === 0 ? [HANGS] : [])));
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual(Array.from({ length: 12 }, (_, i) => (i % 4 === 0 ? 500 : 200)));
});
