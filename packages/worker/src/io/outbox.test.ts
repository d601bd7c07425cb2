import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { later, Received, TestServer, until } from "../test-peers.ts";
import { Outbox } from "./outbox.ts";
import { ReadBuffers } from "./read-buffers.ts";
import { Turn } from "./turn.ts";

let server: TestServer;
let socket: Socket;
let peer: Socket;
let buffers: ReadBuffers;
let outbox: Outbox;
let drained: number;
let writes: number;
beforeEach(async () => {
  server = await TestServer.listen();
  const pair = await server.pair();
  socket = pair.accepted;
  peer = pair.peer;
  buffers = new ReadBuffers();
  drained = 0;
  outbox = new Outbox(
    socket,
    new Turn(
      () => {},
      () => 0,
    ),
    buffers,
    () => drained++,
  );
  writes = 0;
  const { _handle: handle } = socket as unknown as {
    _handle: Record<string, (...args: unknown[]) => number>;
  };
  for (const name of ["writeBuffer", "writev"]) {
    const write = handle[name]?.bind(handle) as (...args: unknown[]) => number;
    handle[name] = (...args) => {
      writes++;
      return write(...args);
    };
  }
});
afterEach(() => {
  socket.destroy();
  peer.destroy();
  server.close();
});

const text = (octets: string): Buffer => Buffer.from(octets);
/** More than the kernel takes from us while the peer does not read. */
const MUCH = 16 * 1_048_576;

/** Lets the kernel's buffers run full, so that everything that follows has to wait. */
async function fillKernel(): Promise<void> {
  outbox.push(Buffer.alloc(MUCH));
  await later();
  await later();
  expect(outbox.pending).toBeGreaterThan(0);
}

test("Outbox sends the small pieces of a turn in their order, as one write", async () => {
  const received = new Received(peer);
  for (const piece of ["a", "bc", "", "def"]) outbox.push(text(piece));
  expect(writes).toBe(0);
  await received.until(() => received.text === "abcdef");
  expect(writes).toBe(1);
  outbox.push(text("g"));
  await received.until(() => received.text === "abcdefg");
});

test("Outbox keeps the order of small and large pieces, and counts what waits", async () => {
  const received = new Received(peer);
  const large = Buffer.alloc(100_000, "x");
  outbox.push(text("<"));
  outbox.push(large);
  outbox.push(text(">"));
  expect(outbox.pending).toBe(100_002);
  await received.until(() => received.text.endsWith(">"));
  expect(received.text).toBe(`<${large}>`);
  expect([outbox.pending, writes]).toEqual([0, 1]);
});

test("Outbox.end() sends what was pushed before it, then FIN, once, and nothing that is pushed after", async () => {
  const received = new Received(peer);
  outbox.push(text("last"));
  outbox.end();
  outbox.end();
  outbox.push(text(" words"));
  expect(outbox.lend(Buffer.alloc(20_000), buffers.take())).toBe(false);
  await received.until(() => received.ended);
  expect(received.text).toBe("last");
});

test("Outbox.end() with nothing to send sends FIN", async () => {
  const received = new Received(peer);
  outbox.end();
  await received.until(() => received.ended);
});

test("Outbox drops what a dead socket cannot take", async () => {
  socket.destroy();
  outbox.push(text("a"));
  outbox.end();
  const received = await new Received(peer).untilEnd();
  expect(received.text).toBe("");
  expect(outbox.pending).toBe(0);
});

test.each([1, 100, 70_000])(
  "Outbox tells of room after it was full at %i octets, though the kernel takes all at once",
  async (bound) => {
    new Received(peer);
    outbox.push(Buffer.alloc(bound));
    expect(outbox.isFull(bound + 1)).toBe(false);
    expect(outbox.isFull(bound)).toBe(true);
    await until(() => drained > 0);
    expect(outbox.isFull(bound)).toBe(false);
  },
);

test("Outbox tells of room when all has left that was there when somebody asked, and not before", async () => {
  await fillKernel();
  expect(outbox.isFull(1_000)).toBe(true);
  for (let i = 0; i < 10; i++) await later();
  expect(drained).toBe(0);
  new Received(peer);
  await until(() => drained > 0);
  expect(outbox.pending).toBe(0);
});

test("Outbox.lend() sends behind what was pushed before, and the kernel takes it at once", async () => {
  const received = new Received(peer);
  const buffer = buffers.take();
  const octets = buffer.subarray(0, 20_000).fill(0x62);
  outbox.push(text("a"));
  expect(outbox.lend(octets, buffer)).toBe(false);
  expect(outbox.pending).toBe(0);
  octets.fill(0x21);
  outbox.push(text("c"));
  await received.until(() => received.text === `a${"b".repeat(20_000)}c`);
});

test("Outbox.lend() keeps the buffer as long as the kernel does not take all of it", async () => {
  const large = Buffer.alloc(MUCH, "b");
  outbox.push(text("a"));
  expect(outbox.lend(large, large)).toBe(true);
  outbox.push(text("c"));
  for (let i = 0; i < 10; i++) await later();
  expect([buffers.isLent(large), outbox.pending]).toEqual([true, MUCH + 1]);
  const received = new Received(peer);
  await received.until(({ count }) => count === MUCH + 2);
  expect([received.octets[0], received.octets[MUCH + 1]]).toEqual([0x61, 0x63]);
  expect([buffers.isLent(large), outbox.pending]).toEqual([false, 0]);
});

test("Outbox.lend() lends what waits behind other octets, in its order, and each buffer comes back once it was sent", async () => {
  await fillKernel();
  const lent = ["b", "c"].map((letter) => buffers.take().fill(letter.charCodeAt(0)));
  for (const buffer of lent) expect(outbox.lend(buffer, buffer)).toBe(true);
  expect(lent.every((buffer) => buffers.isLent(buffer))).toBe(true);
  outbox.push(text("d"));
  const received = new Received(peer);
  await received.until(({ count }) => count === MUCH + 2 * 65_536 + 1);
  expect(received.text.slice(MUCH)).toBe(`${"b".repeat(65_536)}${"c".repeat(65_536)}d`);
  await until(() => lent.every((buffer) => !buffers.isLent(buffer)));
  const [first, second] = lent as [Uint8Array, Uint8Array];
  expect([buffers.take(), buffers.take()].map((buffer) => buffer === first || buffer === second)).toEqual([
    true,
    true,
  ]);
});

test("Outbox.lend() copies what lies in nobody's buffer, and little that would have to wait in one", async () => {
  const buffer = buffers.take();
  const octets = buffer.subarray(0, 20_000);
  expect(outbox.lend(octets.subarray(0, 100), buffer)).toBe(false);
  expect(outbox.lend(octets, undefined)).toBe(false);
  await fillKernel();
  octets.fill(0x77);
  expect(outbox.lend(octets, buffer)).toBe(false);
  const waiting = Buffer.alloc(65_536, "w");
  expect(outbox.lend(waiting, undefined)).toBe(false);
  octets.fill(0x21);
  waiting.fill(0x21);
  const received = new Received(peer);
  await received.until(({ count }) => count === 100 + 20_000 + MUCH + 20_000 + 65_536);
  expect(received.text.slice(-85_536)).toBe("w".repeat(20_000 + 65_536));
});

test("Outbox.lend() keeps no buffer that the kernel takes at once, though others still count as waiting", () => {
  const large = Buffer.alloc(MUCH);
  expect(outbox.lend(large, large)).toBe(true);
  // What the kernel has room for between two of our calls is chance: it takes all of the next write.
  const { _handle: handle } = socket as unknown as { _handle: { writeBuffer: () => number } };
  const { binding } = process as unknown as { binding: (name: string) => Record<string, never> };
  const { streamBaseState, kLastWriteWasAsync } = binding("stream_wrap") as unknown as {
    streamBaseState: Int32Array;
    kLastWriteWasAsync: number;
  };
  handle.writeBuffer = () => {
    streamBaseState[kLastWriteWasAsync] = 0;
    return 0;
  };
  const buffer = buffers.take();
  expect([outbox.lend(buffer, buffer), buffers.isLent(buffer), outbox.pending]).toEqual([false, false, MUCH]);
});

test("Outbox gets a lent buffer back when its socket dies", async () => {
  // One write that the kernel cannot take as a whole: nothing waits before it, so it is lent.
  const large = Buffer.alloc(MUCH);
  expect(outbox.lend(large, large)).toBe(true);
  await later();
  expect(buffers.isLent(large)).toBe(true);
  socket.destroy();
  await until(() => !buffers.isLent(large));
});
