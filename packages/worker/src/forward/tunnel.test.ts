import { FieldNames, ResponseHead } from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Attempt } from "../track/attempt.ts";
import { Tunnels } from "./tunnel.ts";

const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";

let listener: TestListener;
let open: OpenClient;
let attempt: Attempt;
let sent: Uint8Array[];
let goesOn: boolean;
let did: string[];
let over: string[];
/** Whether the server has taken what the client sent, and who is told when it has. */
let allSent: boolean;
let whenSent: () => void;
let tunnels: Tunnels;
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
  const exchange = await exchangeOf(open.client, UPGRADE);
  const server = { name: "s1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
  attempt = new Attempt(exchange, new Backend("general", server, () => 0), 1, false, [], 0);
  [sent, goesOn, did, over] = [[], true, [], []];
  [allSent, whenSent] = [false, () => {}];
  const connection: Pick<ServerConnection, "send" | "pause" | "end" | "sentAll"> = {
    send: (octets) => {
      sent.push(octets);
      return goesOn;
    },
    pause: () => did.push("pause"),
    end: (then) => {
      did.push("end");
      whenSent = then;
    },
    get sentAll() {
      return allSent;
    },
  };
  attempt.connection = connection as ServerConnection;
  open.client.tunnel = attempt;
  open.client.phase = "tunnel";
  tunnels = new Tunnels({ wheel: listener.loop.wheel, clock: () => 0 }, (_, ended) => over.push(ended));
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

test("Tunnels copies octets both ways: what they lie in is read into again before they leave", async () => {
  const read = Buffer.from("octets");
  tunnels.tunnelled(open.client, read);
  tunnels.tunnelled(attempt, read);
  read.fill("!");
  expect(Buffer.concat(sent).toString()).toBe("octets");
  await open.received.untilText("octets");
});

test("Tunnels stops whoever sends faster than the other side takes", () => {
  goesOn = false;
  tunnels.tunnelled(open.client, Buffer.from("x"));
  expect(open.client.contentBlocked).toBe(true);
  tunnels.tunnelled(attempt, Buffer.alloc(1_048_576));
  expect(did).toEqual(["pause"]);
});

/** The server takes all that the client sent, and the end of it. */
function serverTakesAll(): void {
  allSent = true;
  whenSent();
}

test.each(["client first", "server first"])(
  "Tunnels is over when both sides have ended: %s",
  async (order) => {
    const ends = [
      () => {
        tunnels.clientEnded(open.client);
        serverTakesAll();
      },
      () => tunnels.tunnelEnded(attempt),
    ];
    if (order === "server first") ends.reverse();
    ends[0]?.();
    expect(over).toEqual([]);
    ends[1]?.();
    expect(over).toEqual(["--"]);
    expect(did).toEqual(["end"]);
    await open.received.until(({ ended }) => ended);
  },
);

test("Tunnels is not over before the server has taken what the client sent last", () => {
  tunnels.tunnelEnded(attempt);
  tunnels.tunnelled(open.client, Buffer.from("last words"));
  tunnels.clientEnded(open.client);
  expect(over).toEqual([]);
  serverTakesAll();
  expect(over).toEqual(["--"]);
});

test("Tunnels counts what a client sends, and ignores what comes behind its end", () => {
  const before = attempt.exchange.bytesIn;
  tunnels.tunnelled(open.client, Buffer.from("12345"));
  expect(attempt.exchange.bytesIn - before).toBe(5);
  open.client.tunnel = undefined;
  tunnels.tunnelled(open.client, Buffer.from("12345"));
  expect(sent).toHaveLength(1);
});

/** What a server says that agrees. */
function agreement(): ResponseHead {
  const head = new ResponseHead(new FieldNames(), snapshotOf().config.limits);
  const octets = Buffer.from("HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  head.judge(octets, 0, octets.length, false);
  return head;
}

test("Tunnels admits as many as there may be, asked for or open, and every request for none", async () => {
  const snapshot = snapshotOf({ limits: { tunnels: 2 } });
  const ask = (head = UPGRADE) => exchangeOf(open.client, head, snapshot);
  const [first, second, third] = await Promise.all([ask(), ask(), ask()]);
  expect([first, second, third].map((exchange) => tunnels.admits(exchange))).toEqual([true, true, false]);
  expect(tunnels.admits(await ask(UPGRADE.replaceAll("pgrade", "p")))).toBe(true);
  tunnels.settled(first);
  tunnels.settled(first);
  tunnels.settled(third);
  expect([tunnels.admits(third), tunnels.admits(first), tunnels.refused]).toEqual([true, false, 2]);
});

test("Tunnels counts as open what a server agreed to, until it is settled", () => {
  const { exchange } = attempt;
  expect(tunnels.admits(exchange)).toBe(true);
  expect(tunnels.open).toBe(0);
  tunnels.upgraded(attempt, agreement(), Buffer.alloc(0));
  expect(tunnels.open).toBe(1);
  tunnels.settled(exchange);
  expect(tunnels.open).toBe(0);
});

test.each([
  [0, []],
  [60_000, ["PD"]],
])(
  "Tunnels ends a tunnel after tunnelMs of %i, and none that was settled before",
  async (tunnelMs, ended) => {
    const snapshot = snapshotOf({ timeouts: { tunnelMs } });
    for (const settles of [true, false]) {
      const exchange = await exchangeOf(open.client, UPGRADE, snapshot);
      tunnels.admits(exchange);
      const { backend } = attempt;
      tunnels.upgraded(new Attempt(exchange, backend, 1, false, [], 0), agreement(), Buffer.alloc(0));
      if (settles) tunnels.settled(exchange);
    }
    listener.loop.pass(30_000);
    expect(over).toEqual([]);
    listener.loop.pass(30_000);
    expect(over).toEqual(ended);
  },
);
