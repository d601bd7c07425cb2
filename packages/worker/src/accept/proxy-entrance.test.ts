import { once } from "node:events";
import { type AddressInfo, BoundSocket, connect, type Server, type Socket } from "node:net";
import { parseAddress, writeProxyHeader } from "@shunt/core";
import type { Logger } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RefusedConnections } from "../observe/refused-connections.ts";
import { TestLoop, ToldByClient } from "../test-exchange.ts";
import { later, Received, until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { ClientConnection } from "./client-connection.ts";
import { listen } from "./listener.ts";
import { ProxyEntrance } from "./proxy-entrance.ts";

const HEAD_MS = 1_000;
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const V1 = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 8443\r\n";
const SOURCE = { address: address("192.0.2.1"), port: 56_324 };
const DESTINATION = { address: address("198.51.100.2"), port: 8_443 };
const V2 = writeProxyHeader("v2", { source: SOURCE, destination: DESTINATION });
const LOCAL = Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex");

let loop: TestLoop;
let server: Server;
let entrance: ProxyEntrance;
let clients: ClientConnection[];
let counts: Map<string, number>;
let sockets: Socket[];

beforeEach(async () => {
  loop = new TestLoop();
  loop.peers.trust(["127.0.0.1", "203.0.113.0/24"]);
  clients = [];
  sockets = [];
  counts = new Map();
  entrance = new ProxyEntrance({
    ...loop.parts,
    refused: new RefusedConnections(counts, { warn: () => {} } as unknown as Logger, () => loop.now),
    admit: (open, listener, peer) => {
      const parts = { ...loop.parts, events: new ToldByClient() };
      clients.push(new ClientConnection(open, listener, snapshotOf().config, parts, peer));
    },
  });
  server = await listen(new BoundSocket({ host: "127.0.0.1", port: 0 }), (open) =>
    entrance.accept(open, "web", HEAD_MS),
  );
});

afterEach(() => {
  entrance.close();
  for (const client of clients) client.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
});

function address(text: string) {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

async function open(): Promise<{ socket: Socket; received: Received }> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  const received = new Received(socket);
  sockets.push(socket);
  await once(socket, "connect");
  return { socket, received };
}

/** The client that a connection has become. */
async function client(): Promise<ClientConnection> {
  await until(() => clients.length > 0);
  return clients[0] as ClientConnection;
}

const refusals = (): string[] => [...counts].flatMap(([reason, count]) => Array(count).fill(reason));

test.each([
  ["version 1", Buffer.from(V1)],
  ["version 2", V2],
])("ProxyEntrance hands over who stands in a header of %s, with what lies behind it", async (_, header) => {
  const { socket } = await open();
  socket.write(Buffer.concat([header, Buffer.from(REQUEST)]));
  const { address, ends, peer, unread, forwardedBy } = await client();
  expect(address.text).toBe("192.0.2.1");
  expect(ends).toMatchObject({ source: SOURCE, destination: DESTINATION });
  expect(peer.trusted).toBe(false);
  expect(unread.toString()).toBe(REQUEST);
  expect(forwardedBy.ownAuthority).toBe("198.51.100.2:8443");
  expect([entrance.size, refusals()]).toEqual([0, []]);
});

test.each([
  ["version 1", Buffer.from(V1)],
  ["version 2", V2],
])("ProxyEntrance takes a header of %s and a request that come octet by octet", async (_, header) => {
  const { socket } = await open();
  for (const octet of Buffer.concat([header, Buffer.from(REQUEST)])) {
    socket.write(Buffer.of(octet));
    await later();
  }
  const { address } = await client();
  await until(() => clients[0]?.unread.toString() === REQUEST);
  expect(address.text).toBe("192.0.2.1");
});

test("ProxyEntrance splits header and request at the right octet wherever they are cut", async () => {
  const all = Buffer.concat([V2, Buffer.from(REQUEST)]);
  for (let cut = 1; cut < all.length; cut++) {
    const { socket } = await open();
    socket.write(all.subarray(0, cut));
    await later();
    socket.write(all.subarray(cut));
    await until(() => clients[cut - 1]?.unread.toString() === REQUEST);
  }
  expect(refusals()).toEqual([]);
});

test("ProxyEntrance hands over a client whose end has come behind its first request", async () => {
  const { socket } = await open();
  socket.end(V1 + REQUEST);
  const connection = await client();
  await until(() => connection.halfClosed);
  expect(connection.unread.toString()).toBe(REQUEST);
});

test.each([
  ["PROXY TCP4 203.0.113.7 198.51.100.2 1 2\r\n", "203.0.113.7", true],
  [V1, "192.0.2.1", false],
  [LOCAL, "127.0.0.1", true],
  ["PROXY UNKNOWN\r\n", "127.0.0.1", false],
])(
  "ProxyEntrance lets the header decide who it is, and whether what it says is believed: %s",
  async (header, text, trusted) => {
    const { socket } = await open();
    socket.write(header);
    const { address, peer } = await client();
    expect([address.text, peer.trusted]).toEqual([text, trusted]);
  },
);

test("ProxyEntrance closes the connection of a peer that is not trusted, whatever it sends", async () => {
  loop.peers.trust(["10.0.0.0/8"]);
  const { socket, received } = await open();
  socket.write(V1 + REQUEST);
  await received.untilEnd();
  expect([clients.length, refusals()]).toEqual([0, ["proxy_untrusted_peer"]]);
});

test.each([
  [REQUEST, "proxy_header_missing"],
  ["PROXY TCP4 192.0.2.1 198.51.100.2 1 70000\r\n", "proxy_header_malformed"],
  ["PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "proxy_header_malformed"],
  [`PROXY UNKNOWN ${"x".repeat(200)}`, "proxy_header_too_long"],
  ["\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "proxy_header_too_long"],
])("ProxyEntrance closes a connection that begins with %j: %s", async (octets, reason) => {
  const { socket, received } = await open();
  socket.write(octets, "latin1");
  await received.untilEnd();
  expect([clients.length, entrance.size, refusals()]).toEqual([0, 0, [reason]]);
});

test("ProxyEntrance gives a header its time, and no more, however it comes", async () => {
  const { socket, received } = await open();
  for (const octet of V1.slice(0, 5)) {
    socket.write(octet);
    await later();
    loop.pass(HEAD_MS / 10);
  }
  loop.pass(HEAD_MS);
  await received.untilEnd();
  expect([clients.length, entrance.size, refusals()]).toEqual([0, 0, ["proxy_header_timeout"]]);
});

test("ProxyEntrance times no connection that was handed over", async () => {
  const { socket } = await open();
  socket.write(V1);
  const { phase } = await client();
  loop.pass(HEAD_MS * 2);
  expect([phase, clients[0]?.phase, refusals()]).toEqual(["heads", "heads", []]);
});

test("ProxyEntrance counts a connection that ends in mid-header, and none that ends before", async () => {
  const look = await open();
  look.socket.end();
  await look.received.until(({ closed }) => closed);
  expect(refusals()).toEqual([]);
  const half = await open();
  half.socket.end(V1.slice(0, 20));
  await half.received.until(({ closed }) => closed);
  expect([entrance.size, refusals()]).toEqual([0, ["proxy_header_incomplete"]]);
});

test("ProxyEntrance forgets connections that are reset, at whatever octet", async () => {
  for (const sent of ["", "PROXY", V1.slice(0, -1)]) {
    const { socket } = await open();
    if (sent !== "") socket.write(sent);
    await until(() => entrance.size === 1);
    await later();
    socket.resetAndDestroy();
    await until(() => entrance.size === 0);
  }
  expect(clients).toEqual([]);
});

test("ProxyEntrance gives a header a moment while the acceptor drains", async () => {
  const first = await open();
  const second = await open();
  await until(() => entrance.size === 2);
  entrance.drain();
  first.socket.write(V1);
  await client();
  loop.pass(500);
  await second.received.untilEnd();
  expect([entrance.size, clients.length]).toEqual([0, 1]);
});
