import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** The claims about the subset: who is in, who is out, and which of its servers is picked. */

const GOLD = "Cookie: tier=gold";

test("C7, C17: with the relevant information a request goes to the subset, without it to a server outside, always", async () => {
  await using g1 = await SampleServer.start("g1");
  await using g2 = await SampleServer.start("g2");
  await using s1 = await SampleServer.start("s1");
  await using s2 = await SampleServer.start("s2");
  await using shunt = await startShunt({ ...goldAndGeneral([g1, g2], [s1, s2]), acceptors: 2 });
  // Many at a time, so that every server is busy at some time and another would be free.
  const clients = await Promise.all(Array.from({ length: 8 }, () => shunt.connect()));
  const run = async (client: (typeof clients)[number], c: number): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      const isGold = (i + c) % 3 === 0;
      await client.send(get(`/${isGold ? "gold" : "plain"}`, ...(isGold ? [GOLD] : [])).repeat(4));
      await client.responses(4);
    }
  };
  await Promise.all(clients.map(run));
  for (const client of clients) client[Symbol.dispose]();
  for (const server of [g1, g2, s1, s2]) {
    const expected = server.name.startsWith("g") ? "/gold" : "/plain";
    expect([server.name, new Set(server.targets)]).toEqual([server.name, new Set([expected])]);
  }
});

/** A pool whose servers answer when the test says so. */
class Held {
  readonly waiting = new Map<string, ServerResponse[]>();

  start(name: string): Promise<SampleServer> {
    this.waiting.set(name, []);
    return SampleServer.start(name, (_, response) => {
      this.waiting.get(name)?.push(response);
    });
  }

  counts(): number[] {
    return [...this.waiting.values()].map(({ length }) => length);
  }

  answer(name: string): void {
    for (const response of this.waiting.get(name) ?? []) response.end(name);
    this.waiting.set(name, []);
  }
}

async function hold(shunt: RunningShunt, held: Held, count: number, counts: number[]): Promise<Disposable> {
  const clients = await Promise.all(Array.from({ length: count }, () => shunt.connect()));
  for (const client of clients) await client.send(get("/x", GOLD));
  const total = counts.reduce((sum, each) => sum + each, 0);
  await eventually(
    () => held.counts().reduce((sum, each) => sum + each, 0),
    (sum) => sum === total,
  );
  expect(held.counts()).toEqual(counts);
  return {
    [Symbol.dispose]() {
      for (const client of clients) client[Symbol.dispose]();
    },
  };
}

test("C8, C19: within the subset the server with the least load is picked, as its load is at that moment", async () => {
  const held = new Held();
  await using g1 = await held.start("g1");
  await using g2 = await held.start("g2");
  await using g3 = await held.start("g3");
  await using s1 = await SampleServer.start("s1");
  await using shunt = await startShunt(goldAndGeneral([g1, g2, g3], [s1]));
  using _first = await hold(shunt, held, 6, [2, 2, 2]);
  held.answer("g2");
  await eventually(
    async () => (await shunt.loads()).map(({ outstanding }) => outstanding),
    (loads) => loads.join() === "2,0,2,0",
  );
  // Two go to the one that has nothing to do, and only then are all alike again.
  using _second = await hold(shunt, held, 2, [2, 2, 2]);
  using _third = await hold(shunt, held, 3, [3, 3, 3]);
  for (const name of ["g1", "g2", "g3"]) held.answer(name);
  await shunt.quiet();
});

test("C8, C19: the load counts per weight", async () => {
  const held = new Held();
  await using g1 = await held.start("g1");
  await using g2 = await held.start("g2");
  await using s1 = await SampleServer.start("s1");
  const { pools, ...rest } = goldAndGeneral([g1, g2], [s1]);
  const weighted = { servers: { g1: { url: g1.url, weight: 3 }, g2: { url: g2.url } } };
  await using shunt = await startShunt({ ...rest, pools: { ...pools, gold: weighted } });
  using _clients = await hold(shunt, held, 8, [6, 2]);
  for (const name of ["g1", "g2"]) held.answer(name);
  await shunt.quiet();
});

test("C9, C20: high priority is indicated by the existence of the information", async () => {
  await using g1 = await SampleServer.start("g1");
  await using s1 = await SampleServer.start("s1");
  await using shunt = await startShunt({
    ...goldAndGeneral([g1], [s1]),
    rules: [{ name: "exists", when: { header: { "x-priority": true } }, class: "gold" }],
  });
  using client = await shunt.connect();
  expect((await client.ask("/x", "X-Priority: anything")).text).toBe("g1 GET /x");
  expect((await client.ask("/x", "X-Priority:")).text).toBe("g1 GET /x");
  expect((await client.ask("/x")).text).toBe("s1 GET /x");
});

test("C9, C20: high priority is indicated by the non-existence of the information as well", async () => {
  await using g1 = await SampleServer.start("g1");
  await using s1 = await SampleServer.start("s1");
  await using shunt = await startShunt({
    ...goldAndGeneral([g1], [s1]),
    rules: [
      {
        name: "does not exist",
        when: { header: { "x-bot": false }, path: { prefix: "/checkout" } },
        class: "gold",
      },
    ],
  });
  using client = await shunt.connect();
  expect((await client.ask("/checkout/1")).text).toBe("g1 GET /checkout/1");
  expect((await client.ask("/checkout/1", "X-Bot: 1")).text).toBe("s1 GET /checkout/1");
  expect((await client.ask("/elsewhere")).text).toBe("s1 GET /elsewhere");
});
