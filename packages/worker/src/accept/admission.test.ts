import { type Address, parseAddress, SeedSequence } from "@shunt/core";
import type { Logger } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RefusedConnections } from "../observe/refused-connections.ts";
import { type OpenClient, TestListener, TestLoop, ToldByClient } from "../test-exchange.ts";
import { until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Admission } from "./admission.ts";
import type { ClientConnection } from "./client-connection.ts";

let loop: TestLoop;
let listener: TestListener;
let counts: Map<string, number>;
let admission: Admission;

beforeEach(async () => {
  loop = new TestLoop();
  listener = await TestListener.listen(loop);
  counts = new Map();
  const log = { warn: () => {} } as unknown as Logger;
  admission = new Admission(new RefusedConnections(counts, log, () => loop.now));
});
afterEach(() => listener.close());

/** Tells the admission who is gone, as the service does. */
class Leaving extends ToldByClient {
  override gone(client: ClientConnection, reason: string): void {
    admission.left(client);
    super.gone(client, reason);
  }
}

function bounded(connectionsPerClient: number) {
  return snapshotOf({ limits: { connectionsPerClient } });
}

async function open(connectionsPerClient: number): Promise<OpenClient & { readonly admitted: boolean }> {
  const opened = await listener.open(bounded(connectionsPerClient), new Leaving());
  return { ...opened, admitted: admission.admits(opened.client) };
}

test("Admission admits as many connections of an address as there may be, and again one for each that has left", async () => {
  const first = await open(2);
  const second = await open(2);
  const third = await open(2);
  expect([first, second, third].map(({ admitted }) => admitted)).toEqual([true, true, false]);
  expect(counts.get("connections_per_client")).toBe(1);
  first.socket.resetAndDestroy();
  await until(() => first.client.phase === "closed");
  expect((await open(2)).admitted).toBe(true);
  expect((await open(2)).admitted).toBe(false);
});

test("Admission closes whom it turns away with a FIN, though a request is on its way", async () => {
  await open(1);
  const { client, socket, received, admitted } = await open(1);
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await received.until(({ ended }) => ended);
  expect([admitted, received.text, client.phase]).toEqual([false, "", "closing"]);
  socket.end();
  await until(() => client.phase === "closed");
  expect(admission.turnedAway.size).toBe(0);
  expect(admission.addresses).toBe(1);
});

test("Admission bounds nobody without a bound, and no trusted peer, who speaks for many", async () => {
  for (let i = 0; i < 5; i++) expect((await open(0)).admitted).toBe(true);
  loop.peers.trust(["127.0.0.1"]);
  for (let i = 0; i < 5; i++) expect((await open(1)).admitted).toBe(true);
});

/** Of a client connection what the admission looks at. */
function clientAt(text: string, connectionsPerClient: number): ClientConnection {
  const { config } = bounded(connectionsPerClient);
  const address = parseAddress(text) as Address;
  const closed = (): void => {};
  return {
    address,
    config,
    peer: { trusted: false },
    close: closed,
    destroy: closed,
  } as unknown as ClientConnection;
}

test.each([
  ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true],
  ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
  ["2001:db8:0:1::1", "2001:db8:1:1::1", false],
  ["192.0.2.1", "192.0.2.2", false],
  ["192.0.2.1", "::ffff:192.0.2.1", true],
  ["::1", "0.0.0.0", false],
])("Admission counts %s and %s as one client: %s", (one, other, same) => {
  expect(admission.admits(clientAt(one, 1))).toBe(true);
  expect(admission.admits(clientAt(other, 1))).toBe(!same);
});

test("Admission keeps nothing of connections that have left, however they came and went", async () => {
  const seeds = new SeedSequence(7);
  const snapshot = bounded(3);
  const opened: OpenClient[] = [];
  const ends: readonly ((opened: OpenClient) => void)[] = [
    ({ socket }) => socket.destroy(),
    ({ socket }) => socket.resetAndDestroy(),
    ({ socket }) => socket.end(),
    ({ client }) => client.destroy(),
    ({ client }) => client.close(),
    ({ client }) => client.breakOff(),
    ({ client, socket }) => {
      client.close();
      socket.resetAndDestroy();
    },
    ({ client, socket }) => {
      socket.destroy();
      client.destroy();
      client.destroy();
    },
  ];
  for (let i = 0; i < 200; i++) {
    const next = await listener.open(snapshot, new Leaving());
    admission.admits(next.client);
    opened.push(next);
    while (opened.length > seeds.next() % 8) {
      const [gone] = opened.splice(seeds.next() % opened.length, 1) as [OpenClient];
      (ends[seeds.next() % ends.length] as (opened: OpenClient) => void)(gone);
      // What was only half ended ends some time.
      gone.socket.end();
      gone.client.halfClosed ||= true;
      if (gone.client.phase !== "closed") gone.client.close();
      gone.socket.resume();
    }
  }
  for (const { client } of opened) client.destroy();
  await until(() => admission.addresses === 0 && admission.turnedAway.size === 0);
  expect(counts.get("connections_per_client")).toBeGreaterThan(10);
});
