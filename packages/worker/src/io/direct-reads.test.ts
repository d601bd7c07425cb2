import { once } from "node:events";
import { connect, type OnReadOpts, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { later, TestServer, until } from "../test-peers.ts";
import { readDirectly } from "./direct-reads.ts";

let server: TestServer;
let socket: Socket;
let peer: Socket;
let buffers: Buffer[];
/** What was read, each with the number of its buffer. */
let read: string[];
/** What the socket is to do after a read. */
let goesOn: boolean;
/** How often Node's own stream was read into. */
let byStream: number;

beforeEach(async () => {
  server = await TestServer.listen();
  buffers = [Buffer.alloc(4), Buffer.alloc(2)];
  read = [];
  goesOn = true;
  byStream = 0;
  const onread: OnReadOpts = {
    buffer: () => buffers[0] as Buffer,
    callback: (octets, buffer) => {
      read.push(`${buffer.length}: ${Buffer.from(buffer.subarray(0, octets))}`);
      return goesOn;
    },
  };
  socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true, onread });
  socket.on("error", () => {});
  // Node's stream does so with each read.
  Object.assign(socket, { _unrefTimer: () => byStream++ });
  peer = await server.accept();
  if (socket.connecting) await once(socket, "connect");
  readDirectly(socket, onread);
  await later();
  byStream = 0;
});
afterEach(() => {
  socket.destroy();
  peer.destroy();
  server.close();
});

test("readDirectly() reads into the buffer of `onread` past the stream, in this version of Node.js", async () => {
  peer.write("abc");
  await until(() => read.length === 1);
  peer.write("d");
  await until(() => read.length === 2);
  expect([read, byStream]).toEqual([["4: abc", "4: d"], 0]);
});

test("readDirectly() reads into the next buffer as soon as there is another", async () => {
  peer.write("a");
  await until(() => read.length === 1);
  buffers.shift();
  // The one that the kernel was given already.
  peer.write("bc");
  await until(() => read.length === 2);
  peer.write("defg");
  await until(() => read.length === 4);
  expect(read).toEqual(["4: a", "4: bc", "2: de", "2: fg"]);
});

test("readDirectly() pauses the socket when its callback says so, and it goes on when it is resumed", async () => {
  goesOn = false;
  peer.write("abcdef");
  await until(() => read.length === 1);
  for (let i = 0; i < 10; i++) await later();
  expect([read, socket.isPaused()]).toEqual([["4: abcd"], true]);
  goesOn = true;
  socket.resume();
  await until(() => read.length === 2);
  expect(read).toEqual(["4: abcd", "4: ef"]);
});

test("readDirectly() leaves it to the socket to tell of the end", async () => {
  const ended = once(socket, "end");
  peer.end("a");
  await ended;
  expect([read, socket.destroyed]).toEqual([["4: a"], false]);
});

test("readDirectly() leaves it to the socket to tell of an error", async () => {
  const failed = once(socket, "error");
  peer.resetAndDestroy();
  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
  expect([read, socket.destroyed]).toEqual([[], true]);
});
