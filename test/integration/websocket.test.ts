import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { delay, eventually, inTime } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";
import { SocketServer } from "../support/websocket-server.ts";

/** WebSocket (RFC 6455) between a client and servers of `ws`: a tunnel to us, and load of a server while it lasts. */

const MEBIBYTE = 2 ** 20;
const IDLE_MS = 400;

let servers: SocketServer[];
let shunt: RunningShunt;

beforeAll(async () => {
  servers = [await SocketServer.start("s1"), await SocketServer.start("s2")];
  shunt = await startShunt(onePool(...servers));
});

afterEach(async () => {
  await shunt.quiet();
  for (const server of servers) {
    await eventually(
      () => server.open.size,
      (open) => open === 0,
    );
    server.closed.length = 0;
  }
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  for (const server of servers ?? []) await server[Symbol.asyncDispose]();
});

/** A client whose handshake is done. */
async function opened(through: RunningShunt, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${through.url.replace("http", "ws")}/echo`, options);
  await inTime(once(socket, "open"), () => "the handshake");
  return socket;
}

/** The next message, and whether it was binary. */
async function message(socket: WebSocket): Promise<[data: Buffer, isBinary: boolean]> {
  const [data, isBinary] = await inTime(once(socket, "message"), () => "a message");
  return [data, isBinary];
}

/** Code and reason with which the client's side closes. */
async function closing(socket: WebSocket): Promise<string> {
  const [code, reason] = await inTime(once(socket, "close"), () => "the end of a socket");
  return `${code} ${reason}`.trim();
}

async function close(socket: WebSocket): Promise<void> {
  const closed = closing(socket);
  socket.close();
  await closed;
}

/** Requests outstanding at each server, by name. */
async function outstanding(of: RunningShunt): Promise<number[]> {
  return (await of.loads()).map((load) => load.outstanding);
}

/** Resolves when the servers of `of` have so many requests outstanding together. */
async function outstandingIs(of: RunningShunt, count: number): Promise<number[]> {
  return await eventually(
    () => outstanding(of),
    (loads) => loads.reduce((sum, load) => sum + load, 0) === count,
  );
}

/** The server's end of the only socket that is open. */
function serverEnd(): WebSocket {
  const [socket, ...others] = servers.flatMap(({ open }) => [...open]);
  if (socket === undefined || others.length > 0) throw new Error(`${others.length} sockets too many`);
  return socket;
}

test.each([false, true])(
  "messages of text and octets are echoed as they were (deflate: %s)",
  async (perMessageDeflate) => {
    const socket = await opened(shunt, { perMessageDeflate });
    expect(socket.extensions).toBe(perMessageDeflate ? "permessage-deflate" : "");
    for (const text of ["", "hello", "grüß dich, 世界 🚂", "x".repeat(70_000)]) {
      socket.send(text);
      const [data, isBinary] = await message(socket);
      expect([data.toString(), isBinary]).toEqual([text, false]);
    }
    for (const octets of [
      Buffer.alloc(0),
      Buffer.from("\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
      randomBytes(70_000),
    ]) {
      socket.send(octets);
      const [data, isBinary] = await message(socket);
      expect(data.equals(octets)).toBe(true);
      expect(isBinary).toBe(true);
    }
    await close(socket);
  },
);

test("a message in fragments arrives as one, with a ping between them", async () => {
  const socket = await opened(shunt);
  const pong = once(socket, "pong");
  socket.send("one ", { fin: false });
  socket.ping("between");
  socket.send("two ", { fin: false });
  socket.send("three", { fin: true });
  expect(String((await message(socket))[0])).toBe("one two three");
  expect(String((await inTime(pong, () => "the pong"))[0])).toBe("between");
  await close(socket);
});

test.each([false, true])("a message of 10 MiB is echoed whole (deflate: %s)", async (perMessageDeflate) => {
  const socket = await opened(shunt, { perMessageDeflate, maxPayload: 16 * MEBIBYTE });
  const octets = randomBytes(10 * MEBIBYTE);
  socket.send(octets);
  expect((await message(socket))[0].equals(octets)).toBe(true);
  await close(socket);
});

test("pings of the server are answered by the client", async () => {
  const socket = await opened(shunt);
  const server = serverEnd();
  const pong = once(server, "pong");
  server.ping("are you there?");
  expect(String((await inTime(pong, () => "the pong"))[0])).toBe("are you there?");
  await close(socket);
});

test("the handshake says who asks, and passes on the protocol that is agreed on", async () => {
  const url = shunt.url.replace("http", "ws");
  const socket = new WebSocket(url, ["chat.v2", "chat.v1"], { headers: { "x-forwarded-for": "192.0.2.1" } });
  await inTime(once(socket, "open"), () => "the handshake");
  expect(socket.protocol).toBe("chat.v2");
  expect(servers.flatMap(({ handshakes }) => handshakes).at(-1)?.["x-forwarded-for"]).toBe("127.0.0.1");
  await close(socket);
});

test("the client closes with a code and a reason, and the server sees both", async () => {
  const socket = await opened(shunt);
  const closed = closing(socket);
  socket.close(4001, "had enough");
  expect(await closed).toBe("4001 had enough");
  await eventually(
    () => servers.flatMap((server) => server.closed),
    (seen) => seen.join() === "4001 had enough",
  );
});

test("the server closes with a code and a reason, and the client sees both", async () => {
  const socket = await opened(shunt);
  const closed = closing(socket);
  serverEnd().close(4002, "going home");
  expect(await closed).toBe("4002 going home");
});

test("a client that disappears is an abnormal end to the server, and gives its load back", async () => {
  const socket = await opened(shunt);
  await outstandingIs(shunt, 1);
  socket.terminate();
  await eventually(
    () => servers.flatMap((server) => server.closed),
    (seen) => seen.join() === "1006",
  );
});

test("a server that disappears is an abnormal end to the client", async () => {
  const socket = await opened(shunt);
  socket.on("error", () => {});
  const closed = closing(socket);
  serverEnd().terminate();
  expect(await closed).toBe("1006");
});

test("a handshake that the server refuses is answered with what it says", async () => {
  const socket = new WebSocket(`${shunt.url.replace("http", "ws")}/refused`);
  const [, response] = await inTime(once(socket, "unexpected-response"), () => "the refusal");
  expect(response.statusCode).toBe(401);
  response.resume();
  await once(response, "end");
  socket.on("error", () => {});
  socket.terminate();
});

test("a connection whose handshake was refused goes on", async () => {
  using client = await shunt.connect();
  const fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  expect((await client.ask("/refused", ...fields)).status).toBe(401);
  await client.send(get("/"));
  expect((await client.response()).text).toMatch(/^s[12]$/);
});

test("200 sockets at the same time each hear their own words, and count at their servers in equal shares", async () => {
  const sockets = await Promise.all(Array.from({ length: 200 }, () => opened(shunt)));
  const [one, two] = await outstandingIs(shunt, 200);
  expect([one, two]).toEqual([100, 100]);
  for (const round of [1, 2, 3]) {
    const heard = sockets.map((socket) => message(socket));
    for (const [i, socket] of sockets.entries()) socket.send(`socket ${i}, round ${round}`);
    for (const [i, [data]] of (await Promise.all(heard)).entries())
      expect(String(data)).toBe(`socket ${i}, round ${round}`);
  }
  await Promise.all(sockets.map((socket) => close(socket)));
  await outstandingIs(shunt, 0);
});

test("requests go to the server that has no socket, as long as the other has one", async () => {
  const socket = await opened(shunt);
  const idle = servers.find(({ open }) => open.size === 0)?.name;
  using client = await shunt.connect();
  for (let i = 0; i < 10; i++) expect((await client.ask("/")).text).toBe(idle);
  await close(socket);
});

test("a socket without a word for tunnelIdleMs is cut and logged, its load given back; pings keep it", async () => {
  await using server = await SocketServer.start("s");
  await using impatient = await startShunt({
    ...onePool(server),
    timeouts: { tunnelIdleMs: IDLE_MS, drainMs: 5_000 },
  });
  const [silent, pinged] = [await opened(impatient), await opened(impatient)];
  const pings = setInterval(() => pinged.ping(), IDLE_MS / 8);
  try {
    expect(await closing(silent)).toBe("1006");
    await outstandingIs(impatient, 1);
    await delay(IDLE_MS);
    pinged.send("still here");
    expect(String((await message(pinged))[0])).toBe("still here");
  } finally {
    clearInterval(pings);
  }
  await close(pinged);
  await impatient.quiet();
  const lines = await impatient.accessLog(2);
  expect(lines.map(({ status, ended }) => [status, ended])).toEqual([
    [101, "sD"],
    [101, "--"],
  ]);
});

/** What a client gets that asks for a socket and is not let through. */
async function refusal(through: RunningShunt): Promise<IncomingMessage> {
  const socket = new WebSocket(`${through.url.replace("http", "ws")}/echo`);
  const [, response] = await inTime(once(socket, "unexpected-response"), () => "the refusal");
  response.resume();
  socket.on("error", () => {});
  await once(response, "end");
  socket.terminate();
  return response;
}

test("a handshake beyond limits.tunnels gets 503 and reaches no server; a socket that closes makes room", async () => {
  await using server = await SocketServer.start("s");
  await using bounded = await startShunt({ ...onePool(server), limits: { tunnels: 2 } });
  const [one, two] = [await opened(bounded), await opened(bounded)];
  const { statusCode, headers } = await refusal(bounded);
  expect([statusCode, headers["retry-after"]]).toEqual([503, "1"]);
  expect(headers["proxy-status"]).toBe("shunt; error=connection_limit_reached");
  expect(server.handshakes).toHaveLength(2);
  using client = await bounded.connect();
  expect((await client.ask("/")).status).toBe(200);
  await eventually(
    () => bounded.metric("shunt_tunnels"),
    (open) => open === 2,
  );
  expect(await bounded.metric("shunt_tunnels_refused_total")).toBe(1);
  await close(one);
  await outstandingIs(bounded, 1);
  const three = await opened(bounded);
  await Promise.all([close(two), close(three)]);
});

test("a handshake that a server refuses takes no room, and with limits.tunnels 0 none reaches one", async () => {
  await using server = await SocketServer.start("s");
  await using bounded = await startShunt({ ...onePool(server), limits: { tunnels: 1 } });
  using client = await bounded.connect();
  const fields = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  for (let i = 0; i < 3; i++) expect((await client.ask("/refused", ...fields)).status).toBe(401);
  await close(await opened(bounded));
  await using without = await startShunt({ ...onePool(server), limits: { tunnels: 0 } });
  expect((await refusal(without)).statusCode).toBe(503);
  expect(server.handshakes).toHaveLength(4);
});

test("a socket is reset at tunnelMs, however lively it is, and logged; its load is given back", async () => {
  await using server = await SocketServer.start("s");
  await using brief = await startShunt({ ...onePool(server), timeouts: { tunnelMs: IDLE_MS } });
  const socket = await opened(brief);
  socket.on("error", () => {});
  const closed = closing(socket);
  const pings = setInterval(() => socket.ping(), IDLE_MS / 8);
  try {
    expect(await closed).toBe("1006");
  } finally {
    clearInterval(pings);
  }
  await outstandingIs(brief, 0);
  expect((await brief.accessLog(1)).map(({ status, ended }) => [status, ended])).toEqual([[101, "PD"]]);
  await eventually(
    () => server.closed.join(),
    (seen) => seen === "1006",
  );
});

test("a drain lets a socket go on until it closes, then ends with 0", async () => {
  await using server = await SocketServer.start("s");
  await using draining = await startShunt({ ...onePool(server), timeouts: { drainMs: 15_000 } });
  const socket = await opened(draining);
  const stopped = draining.stop();
  await eventually(
    () => draining.logged("draining: in-flight requests are finished, none is accepted"),
    (told) => told.length === 1,
  );
  socket.send("during the drain");
  expect(String((await message(socket))[0])).toBe("during the drain");
  expect(draining.child.exitCode).toBeNull();
  await close(socket);
  expect(await stopped).toBe(0);
});

test("a drain cuts a socket that stays, at drainMs, and ends with 0", async () => {
  await using server = await SocketServer.start("s");
  await using draining = await startShunt({ ...onePool(server), timeouts: { drainMs: 300 } });
  const socket = await opened(draining);
  socket.on("error", () => {});
  const closed = closing(socket);
  expect(await draining.stop()).toBe(0);
  expect(await closed).toBe("1006");
});
