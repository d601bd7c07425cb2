import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { peakResidentBytes } from "../support/processes.ts";
import { get } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Clients that ask for more than is good: they wait, are refused or cut, and no acceptor grows or dies of them. */

const MOST_RESIDENT_BYTES = 160 * 2 ** 20;
/** Of an acceptor that many octets pass through: what nobody needs any more is collected some time later. */
const MOST_RESIDENT_IN_USE_BYTES = 256 * 2 ** 20;
const ANSWER = "x".repeat(15_000);
const GIBIBYTE = 2 ** 30;
const BLOCK = Buffer.alloc(2 ** 20, "x");

let server: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await SampleServer.start("s", async (request, response) => {
    if (request.url === "/never") return;
    if (request.url === "/count") {
      let octets = 0;
      for await (const chunk of request) octets += chunk.length;
      response.end(String(octets));
      return;
    }
    if (request.url === "/gibibyte") {
      response.writeHead(200, { "content-length": GIBIBYTE });
      for (let i = 0; i < GIBIBYTE / BLOCK.length; i++)
        if (!response.write(BLOCK)) await once(response, "drain");
      response.end();
      return;
    }
    if (request.url === "/slow-body") {
      response.writeHead(200, { "content-length": 30 });
      for (let i = 0; i < 10; i++) {
        response.write("abc");
        await sleep(300);
      }
      response.end();
      return;
    }
    response.end(ANSWER);
  });
  shunt = await startShunt({ ...onePool(server), timeouts: { bodyIdleMs: 1_000, drainMs: 500 } });
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

test("a pipelined request that names no host is refused if it must, answered if it may, and ends no process", async () => {
  const { pid } = await shunt.acceptor();
  using refused = await shunt.connect();
  await refused.send(`${get("/1")}GET /2 HTTP/1.1\r\n\r\n`);
  expect((await refused.responses(2)).map(({ status }) => status)).toEqual([200, 400]);
  using answered = await shunt.connect();
  await answered.send(`${get("/1")}GET /2 HTTP/1.0\r\n\r\n`);
  expect((await answered.responses(2)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await shunt.acceptor()).pid).toBe(pid);
});

test("who asks 20,000 times and reads nothing is asked to wait, and the acceptor does not grow", async () => {
  const before = server.received.length;
  using client = await shunt.connect();
  client.socket.pause();
  client.socket.on("error", () => {});
  client.socket.write(get("/x").repeat(20_000));
  const { pid } = await shunt.acceptor();
  await eventually(
    () => server.received.length,
    (count) => count > before,
  );
  await sleep(1_500);
  expect(server.received.length - before).toBeLessThan(10_000);
  expect(peakResidentBytes(pid)).toBeLessThan(MOST_RESIDENT_BYTES);
});

test("who floods behind a full pipeline is not read, and the acceptor does not grow", async () => {
  using client = await shunt.connect();
  client.socket.on("error", () => {});
  client.socket.write(get("/never").repeat(64));
  await eventually(
    () => server.running,
    (running) => running === 64,
  );
  const block = Buffer.alloc(1 << 20, "x");
  for (let i = 0; i < 200; i++) client.socket.write(block);
  await sleep(1_000);
  expect(client.socket.writableLength).toBeGreaterThan(100 * 2 ** 20);
  expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_BYTES);
});

test("a client that sends no content since it is answered already gets the whole answer, however slow", async () => {
  using client = await shunt.connect();
  await client.send("POST /slow-body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  const { status, text } = await client.response("POST");
  expect([status, text]).toEqual([200, "abc".repeat(10)]);
});

test("20,000 requests in one write are answered in their order, and the acceptor holds but a part of it", async () => {
  const before = server.received.length;
  using client = await shunt.connect();
  const sent = client.send(Array.from({ length: 20_000 }, (_, i) => get(`/${i}`)).join(""));
  for (let i = 0; i < 20_000; i++) expect((await client.response()).text).toBe(ANSWER);
  await sent;
  const targets = server.targets.slice(before);
  expect(new Set(targets).size).toBe(20_000);
  expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_IN_USE_BYTES);
});

test("a gibibyte of content arrives whole, and the acceptor holds but a part of it", async () => {
  using client = await shunt.connect();
  await client.send(`POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: ${GIBIBYTE}\r\n\r\n`);
  for (let i = 0; i < GIBIBYTE / BLOCK.length; i++) await client.send(BLOCK);
  expect((await client.response("POST")).text).toBe(String(GIBIBYTE));
  expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_IN_USE_BYTES);
});

test("a gibibyte of an answer arrives whole, and the acceptor holds but a part of it", async () => {
  using client = await shunt.connect();
  let octets = 0;
  client.socket.on("data", (chunk: Buffer) => {
    octets += chunk.length;
  });
  await client.send(get("/gibibyte", "Connection: close"));
  await once(client.socket, "end");
  expect(octets).toBeGreaterThan(GIBIBYTE);
  expect(octets).toBeLessThan(GIBIBYTE + 1_000);
  expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_IN_USE_BYTES);
});
