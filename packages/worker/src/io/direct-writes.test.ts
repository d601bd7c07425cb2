import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { later, Received, TestServer, until } from "../test-peers.ts";
import { DirectWrites } from "./direct-writes.ts";

let server: TestServer;
let socket: Socket;
let peer: Socket;
let told: unknown[];
let direct: DirectWrites;
beforeEach(async () => {
  server = await TestServer.listen();
  ({ accepted: socket, peer } = await server.pair());
  told = [];
  direct = new DirectWrites(
    socket,
    (lent) => told.push(lent),
    (error) => told.push(error.message),
  );
});
afterEach(() => {
  socket.destroy();
  peer.destroy();
  server.close();
});

const text = (octets: string): Buffer => Buffer.from(octets);
/** More than the kernel takes from us while the peer does not read. */
const MUCH = 16 * 1_048_576;

test("DirectWrites.write() and writeAll() reach the kernel at once, in this version of Node.js", async () => {
  const received = new Received(peer);
  expect(direct.write(text("a"))).toBe(true);
  expect(direct.writeAll([text("b"), text("c")], 2)).toBe(true);
  expect(direct.write(text("d"))).toBe(true);
  expect(direct.waiting).toBe(0);
  await received.untilText("abcd");
  expect(told).toEqual([]);
});

test("DirectWrites keeps the order of what waits, also with what the socket itself writes", async () => {
  const much = Buffer.alloc(MUCH, "x");
  expect([direct.write(much), direct.write(text("1"))]).toEqual([true, true]);
  socket.write("2");
  expect(direct.write(text("no"))).toBe(false);
  expect(direct.waiting).toBe(MUCH + 1);
  const received = new Received(peer);
  await received.until(({ count }) => count === MUCH + 2);
  expect(direct.write(text("3"))).toBe(true);
  await received.until(({ count }) => count === MUCH + 3);
  expect(received.octets.subarray(MUCH).toString()).toBe("123");
});

test("DirectWrites tells when the kernel has taken what waited, with the buffer that was lent", async () => {
  const much = Buffer.alloc(MUCH);
  direct.write(much, much);
  direct.writeAll([text("a"), text("b")], 2);
  for (let i = 0; i < 10; i++) await later();
  expect([direct.waiting, told]).toEqual([MUCH + 2, []]);
  new Received(peer);
  await until(() => told.length === 2);
  expect(told[0]).toBe(much);
  expect([direct.waiting, told[1]]).toEqual([0, undefined]);
});

test("DirectWrites writes nothing before the socket is connected, and nothing when it is gone", async () => {
  const young = connect(server.port, "127.0.0.1");
  const early = new DirectWrites(
    young,
    () => {},
    () => {},
  );
  expect(early.write(text("a"))).toBe(false);
  await until(() => !young.connecting);
  expect(early.write(text("a"))).toBe(true);
  young.destroy();
  expect(early.write(text("a"))).toBe(false);
});

test("DirectWrites leaves it to the socket to tell of a write that fails at once", async () => {
  socket.on("error", () => {});
  peer.resetAndDestroy();
  const arrived = performance.now() + 50;
  while (performance.now() < arrived);
  expect([direct.write(text("a")), direct.waiting, told]).toEqual([false, 0, []]);
});

test("DirectWrites tells of a write that fails while it waits, and gives its buffer back", async () => {
  const onread = { buffer: Buffer.alloc(16), callback: () => true };
  const unread = connect({ port: server.port, host: "127.0.0.1", onread });
  const other = await server.accept();
  await until(() => !unread.connecting);
  // Who reads learns of the reset by reading, and its socket is destroyed.
  unread.pause();
  const writes = new DirectWrites(
    unread,
    (lent) => told.push(lent),
    (error) => told.push(error.message),
  );
  const much = Buffer.alloc(MUCH);
  writes.write(much, much);
  other.resetAndDestroy();
  await until(() => told.length === 2);
  expect(told[0]).toMatch(/^write failed: E(PIPE|CONNRESET), /);
  expect(told[1]).toBe(much);
  expect([writes.waiting, unread.destroyed]).toEqual([0, false]);
  unread.destroy();
});

test("DirectWrites gives the buffer back and tells of no failure when its socket is destroyed", async () => {
  const much = Buffer.alloc(MUCH);
  direct.write(much, much);
  socket.destroy();
  await until(() => told.length > 0);
  expect(told.length).toBe(1);
  expect(told[0]).toBe(much);
});
