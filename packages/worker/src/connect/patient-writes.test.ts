import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { later, TestServer, until } from "../test-peers.ts";
import { PatientWrites } from "./patient-writes.ts";

let server: TestServer;
let socket: Socket;
let peer: Socket;
beforeEach(async () => {
  server = await TestServer.listen();
  ({ accepted: socket, peer } = await server.pair());
});
afterEach(() => {
  socket.destroy();
  peer.destroy();
  server.close();
});

/** The peer says its last words and resets, and the first write behind that is made before they are read. */
async function writeAfterReset(words: string, written: (error?: Error | null) => void): Promise<void> {
  peer.write(words);
  peer.resetAndDestroy();
  const arrived = performance.now() + 50;
  while (performance.now() < arrived);
  socket.write("nobody reads this", written);
}

test("PatientWrites lets what the peer has sent be read when a write fails, and the end behind it", async () => {
  const writes = new PatientWrites(socket);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  let error: unknown;
  socket.on("error", (each) => {
    error = each;
  });
  await writeAfterReset("last words", () => {});
  expect(writes.failed).toBe(true);
  await until(() => socket.readableEnded || error !== undefined);
  expect(text).toBe("last words");
});

test("PatientWrites tells of the write that failed when the socket is gone, so that its buffer is free", async () => {
  const writes = new PatientWrites(socket);
  const errors: unknown[] = [];
  await writeAfterReset("", (error) => errors.push(error));
  socket.write("nor this", (error) => errors.push(error));
  await later();
  expect([writes.failed, errors]).toEqual([true, []]);
  socket.destroy();
  await once(socket, "close");
  await until(() => errors.length === 2);
  expect(errors.every((error) => error instanceof Error)).toBe(true);
});

test("PatientWrites leaves writes alone that succeed", async () => {
  const writes = new PatientWrites(socket);
  socket.cork();
  for (const piece of ["a", "b"]) socket.write(piece);
  socket.uncork();
  const written = new Promise((resolve) => socket.write("c", resolve));
  peer.setEncoding("latin1");
  expect(await written).toBeFalsy();
  let text = "";
  peer.on("data", (chunk) => {
    text += chunk;
  });
  await until(() => text === "abc");
  expect(writes.failed).toBe(false);
});
