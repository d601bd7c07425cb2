import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AcceptorMessage, encodeLine } from "@shunt/core";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UnixSocketBus } from "./unix-socket.ts";

let directory: string;
let path: string;
let logged: string[];
/** Of one bus: what a bus of the test before is late to tell does not count. */
let seen: { readonly heard: AcceptorMessage[]; gone: number };
let bus: UnixSocketBus;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "shunt-bus-"));
  path = join(directory, "bus.sock");
  logged = [];
  seen = { heard: [], gone: 0 };
  bus = makeBus();
  await bus.listen();
});

afterEach(async () => {
  await bus.close();
  rmSync(directory, { recursive: true });
});

function makeBus(): UnixSocketBus {
  const mine = seen;
  const log = pino({ base: null }, { write: (line: string) => logged.push(JSON.parse(line).reason) });
  return new UnixSocketBus({
    path,
    log,
    listener: {
      onMessage(peer, message) {
        mine.heard.push(message);
        peer.send({ kind: "get-recent", request: mine.heard.length, limit: 1 });
      },
      onGone() {
        mine.gone += 1;
      },
    },
  });
}

async function joined(): Promise<Socket> {
  const socket = connect(path);
  await once(socket, "connect");
  return socket;
}

const hello = {
  kind: "hello",
  acceptor: "a1",
  host: "h",
  pid: 1,
  term: 0,
  generation: 1,
  version: "0",
} as const;

test("UnixSocketBus is for its user alone", () => {
  expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
});

test("UnixSocketBus takes messages from a stream cut anywhere and answers on the same connection", async () => {
  const socket = await joined();
  const line = encodeLine(hello);
  socket.write(line.slice(0, 10));
  socket.write(line.slice(10) + line);
  let answer = "";
  while (answer.split("\n").length < 3) answer += String((await once(socket, "data"))[0]);
  expect(seen.heard).toEqual([hello, hello]);
  expect(answer).toContain('"request":2');
  socket.destroy();
});

test.each([
  ["what is no JSON", "garbage\n", "JSON"],
  ["an unknown kind", '{"kind":"shutdown"}\n', "expected a kind of hello"],
  ["what is no UTF-8", Buffer.from([0xff, 0x0a]), "encoded data was not valid"],
])("UnixSocketBus closes a connection that brings %s, and says why", async (_, octets, reason) => {
  const socket = await joined();
  const other = await joined();
  socket.write(octets);
  await once(socket, "close");
  expect(logged.join()).toContain(reason);
  other.write(encodeLine(hello));
  await once(other, "data");
  expect(seen.gone).toBe(1);
  other.destroy();
});

test("UnixSocketBus takes the place of a socket that a killed coordinator has left", async () => {
  // Listening on the same path again meets the file that is there.
  const second = makeBus();
  await second.listen();
  const socket = await joined();
  socket.write(encodeLine(hello));
  await once(socket, "data");
  socket.destroy();
  await second.close();
});
