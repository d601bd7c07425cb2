import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Connections that leave HTTP behind (RFC 9110, section 7.8). */

const UPGRADE = ["Connection: Upgrade", "Upgrade: echo"];
const AGREED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

/** Long enough for a FIN of the client to arrive before the 101. */
const LATE_MS = 300;

let server: RawServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await RawServer.start("echo", (socket, request) => {
    if (request.startsWith("GET /refused ")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhttp");
    else if (request.startsWith("GET /late ")) setTimeout(() => socket.write(AGREED), LATE_MS);
    else {
      socket.removeAllListeners("data");
      socket.write(request.startsWith("GET /greets ") ? `${AGREED}hello ` : AGREED);
      socket.on("data", (chunk) => socket.write(chunk));
    }
  });
  shunt = await startShunt(onePool(server));
});

afterEach(() => shunt.quiet());

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test("after a 101 octets pass both ways, as they are", async () => {
  using client = await shunt.connect();
  const response = await client.ask("/x", ...UPGRADE);
  expect([response.status, field(response, "upgrade"), field(response, "connection")]).toEqual([
    101,
    "echo",
    "Upgrade",
  ]);
  for (const octets of ["\0\xff not HTTP \r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "x".repeat(1_000_000)]) {
    const sent = client.send(Buffer.from(octets, "latin1"));
    expect(await client.take(octets.length)).toBe(octets);
    await sent;
  }
});

test("octets right behind the request and right behind the 101 arrive too", async () => {
  using client = await shunt.connect();
  await client.send(`${get("/greets", ...UPGRADE)}early`);
  expect((await client.response()).status).toBe(101);
  expect(await client.take(11)).toBe("hello early");
});

test("a client that has ended its side before the 101 has ended its side of the tunnel", async () => {
  using client = await shunt.connect();
  await client.send(get("/late", ...UPGRADE));
  client.end();
  expect((await client.response()).status).toBe(101);
  await eventually(
    () => server.open.size,
    (open) => open === 0,
  );
});

test("a tunnel is load of its server while it lasts, and gives it back when the client leaves", async () => {
  using client = await shunt.connect();
  await client.ask("/x", ...UPGRADE);
  await eventually(
    () => shunt.loads(),
    ([load]) => load?.outstanding === 1,
  );
  client[Symbol.dispose]();
  await shunt.quiet();
  await eventually(
    () => server.open.size,
    (open) => open === 0,
  );
});

test("a tunnel ends when the server ends it, with all that the server has said", async () => {
  using client = await shunt.connect();
  await client.ask("/x", ...UPGRADE);
  await client.send("last words");
  expect(await client.take(10)).toBe("last words");
  for (const socket of server.open) socket.end("bye");
  expect(await client.take(3)).toBe("bye");
  expect(await client.closes()).toBe(true);
  client.end();
});

test("each side of a tunnel ends on its own", async () => {
  using client = await shunt.connect();
  await client.ask("/x", ...UPGRADE);
  const socket = [...server.open][0] ?? expect.fail();
  socket.removeAllListeners("end");
  const ended = once(socket, "end");
  client.end();
  await ended;
  socket.end("still here");
  expect(await client.rest()).toBe("still here");
});

test("a server that does not upgrade answers as always, and the connection goes on", async () => {
  using client = await shunt.connect();
  const response = await client.ask("/refused", ...UPGRADE);
  expect([response.status, response.text]).toEqual([200, "http"]);
  expect((await client.ask("/refused")).text).toBe("http");
});

test("a 101 that nobody asked for is a 502, and its connection is not used again", async () => {
  using client = await shunt.connect();
  const before = server.connections;
  expect((await client.ask("/x")).status).toBe(502);
  expect((await client.ask("/refused")).status).toBe(200);
  await eventually(
    () => server.open.size,
    (open) => open <= 1,
  );
  expect(server.connections).toBeGreaterThan(before);
});

test("an upgrade waits for the requests before it, and what follows belongs to the tunnel", async () => {
  using client = await shunt.connect();
  await client.send(get("/refused") + get("/x", ...UPGRADE));
  expect((await client.response()).text).toBe("http");
  expect((await client.response()).status).toBe(101);
  await client.send(get("/refused"));
  expect(await client.take(get("/refused").length)).toBe(get("/refused"));
});
