import { BoundSocket } from "node:net";
import type { ServerState, Snapshot } from "@shunt/core";
import { pino } from "pino";
import { expect, test } from "vitest";
import { Acceptor } from "../../packages/worker/src/acceptor.ts";
import { snapshotOf } from "../../packages/worker/src/test-snapshot.ts";
import { freePort } from "../support/ports.ts";
import { RawClient } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";

/** What a server in drain, and one in maintenance, still gets: an acceptor that is given one snapshot after the other. */

const BOUND = "Authorization: Negotiate dG9rZW4=";

async function answeredBy(client: RawClient, ...fields: string[]): Promise<string> {
  const { body } = await client.ask("/", ...fields);
  return String(body).split(" ")[0] ?? "";
}

async function answersOf(client: RawClient, times: number, ...fields: string[]): Promise<string[]> {
  const names = new Set<string>();
  for (let i = 0; i < times; i++) names.add(await answeredBy(client, ...fields));
  return [...names].sort();
}

test("a server in drain keeps the client that is bound to it and gets no other; in maintenance it gets nothing", async () => {
  await using one = await SampleServer.start("one");
  await using two = await SampleServer.start("two");
  let generation = 0;
  const snapshot = (states: Readonly<Record<string, ServerState>>): Snapshot => {
    const servers = Object.fromEntries(
      [one, two].map(({ name, url }) => [name, { url, state: states[name] ?? "ready" }]),
    );
    const options = {
      pools: { all: { servers, balance: "round-robin" } },
      classes: { all: { pool: "all" } },
      rules: [],
      defaultClass: "all",
      timeouts: { drainMs: 0 },
    };
    return snapshotOf(options, ++generation);
  };
  const first = snapshot({});
  const acceptor = new Acceptor({ id: "a1", snapshot: first, log: pino({ level: "silent" }) });
  await acceptor.start();
  const port = await freePort();
  const [listener] = first.config.listeners;
  if (listener === undefined) throw new Error("there is no listener");
  await acceptor.listen(listener, 0, new BoundSocket({ host: "127.0.0.1", port }));
  try {
    using bound = await RawClient.connect(`http://127.0.0.1:${port}`);
    using other = await RawClient.connect(`http://127.0.0.1:${port}`);
    const home = await answeredBy(bound, BOUND);
    const elsewhere = home === "one" ? "two" : "one";
    expect(await answersOf(bound, 6, BOUND)).toEqual([home]);
    expect(await answersOf(other, 6)).toEqual(["one", "two"]);

    await acceptor.apply(snapshot({ [home]: "drain" }));
    expect(await answersOf(other, 6)).toEqual([elsewhere]);
    expect(await answersOf(bound, 6, BOUND)).toEqual([home]);
    using late = await RawClient.connect(`http://127.0.0.1:${port}`);
    expect(await answersOf(late, 6, BOUND)).toEqual([elsewhere]);

    await acceptor.apply(snapshot({ [home]: "maintenance" }));
    expect(await answersOf(bound, 2, BOUND)).toEqual([elsewhere]);
  } finally {
    await acceptor.drain();
  }
});
