import { expect, test } from "vitest";
import type { PoolOptions } from "../../packages/core/src/config/options.ts";
import { delay, eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import { type RunningShunt, startShunt } from "../support/shunt.ts";

/** Servers say how loaded they are: through configuration, acceptors, bus and API of the whole product. */

const REQUESTS = 300;

function poolOf(servers: readonly SampleServer[], announcedLoad: PoolOptions["announcedLoad"]) {
  const named = Object.fromEntries(servers.map(({ name, url }) => [name, { url }]));
  const pools = { all: { servers: named, announcedLoad, balance: "p2c" as const } };
  return { acceptors: 2, pools, classes: { all: { pool: "all" } }, defaultClass: "all" };
}

/** One after the other on one connection, so that nothing but a server's word tells them apart. */
async function ask(shunt: RunningShunt): Promise<Headers[]> {
  const seen: Headers[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const response = await fetch(shunt.url);
    await response.text();
    seen.push(response.headers);
  }
  return seen;
}

const announced = async (shunt: RunningShunt): Promise<(number | undefined)[]> =>
  JSON.parse(await shunt.api("/v1/load")).servers.map((server: { announced?: number }) => server.announced);

test("a server that says in its answers that it is full gets little, all acceptors hear it, and no client does", async () => {
  await using full = await SampleServer.start("full", (_, response) => {
    response.setHeader("Shunt-Load", "1").end();
  });
  await using idle = await SampleServer.start("idle", (_, response) => {
    response.setHeader("Shunt-Load", "0.0").end();
  });
  await using odd = await SampleServer.start("odd", (_, response) => {
    response.setHeader("Shunt-Load", "0.5, 7").end();
  });
  await using shunt = await startShunt(poolOf([full, idle, odd], "response"));
  const seen = await ask(shunt);
  expect(seen.filter((headers) => headers.has("shunt-load"))).toEqual([]);
  expect(full.received.length).toBeLessThan(REQUESTS / 8);
  expect(Math.min(idle.received.length, odd.received.length)).toBeGreaterThan(REQUESTS / 4);
  expect(
    await eventually(
      () => announced(shunt),
      ([of]) => of !== undefined,
    ),
  ).toEqual([1, 0, undefined]);
  const ignored = await eventually(
    () => shunt.metric("shunt_announced_loads_ignored_total"),
    (count) => count > 0,
  );
  expect(ignored).toBeLessThanOrEqual(odd.received.length);
});

test("a server that says when it is asked that it is full gets little, and its field is then one like any other", async () => {
  const answering = (load: string) => (name: string) =>
    SampleServer.start(name, ({ url }, response) => {
      if (url === "/load") response.end(load);
      else response.setHeader("Shunt-Load", "of mine").end();
    });
  await using full = await answering('{"load": 1}')("full");
  await using idle = await answering("0")("idle");
  await using shunt = await startShunt(poolOf([full, idle], { poll: "/load", intervalMs: 100 }));
  await eventually(
    () => full.received.length,
    (polls) => polls > 2,
  );
  // Two publications: acceptors have heard what the coordinator has.
  await delay(300);
  const seen = await ask(shunt);
  expect(seen.every((headers) => headers.get("shunt-load") === "of mine")).toBe(true);
  const asked = ({ received }: SampleServer) => received.filter(({ target }) => target === "/").length;
  expect(asked(full)).toBeLessThan(REQUESTS / 6);
  expect(asked(full) + asked(idle)).toBe(REQUESTS);
});
