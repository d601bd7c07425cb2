import { FAILURE } from "@shunt/core";
import { expect, test } from "vitest";
import { Backend } from "./backend.ts";
import type { ServerConnection } from "./server-connection.ts";

let now = 1_000;
const server = { name: "s1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
const newBackend = (): Backend => new Backend("pool", server, () => now);
/** Only told apart here, never used. */
const connections = (count: number): ServerConnection[] =>
  Array.from({ length: count }, () => Object.create(null) as ServerConnection);

test("Backend hands out the connection that was used last, so that the others grow old", () => {
  const backend = newBackend();
  const [a, b, c] = connections(3) as [ServerConnection, ServerConnection, ServerConnection];
  for (const connection of [a, b, c]) expect(backend.checkIn(connection, 3)).toBe(true);
  backend.forget(b);
  backend.forget(b);
  expect([backend.checkOut(), backend.checkOut(), backend.checkOut()]).toEqual([c, a, undefined]);
});

test("Backend keeps no more idle connections than it is told to", () => {
  const backend = newBackend();
  const kept = connections(3).map((connection) => backend.checkIn(connection, 2));
  expect(kept).toEqual([true, true, false]);
});

test("Backend counts every failure, and ejects only for those that are the server's", () => {
  const backend = newBackend();
  for (let i = 0; i < 20; i++) {
    expect(backend.noteFailure(FAILURE.CONNECTION_TERMINATED, now, true)).toBe(false);
    expect(backend.noteFailure(FAILURE.RESPONSE_TIMEOUT, now, true)).toBe(false);
  }
  expect([backend.failures, backend.ready, backend.ejected]).toEqual([40, true, false]);
  const ejected = Array.from({ length: 6 }, () => backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true));
  expect(ejected).toEqual([false, false, false, false, true, false]);
  expect([backend.failures, backend.ready, backend.ejected]).toEqual([46, false, true]);
});

test("Backend takes requests while ejections are ignored, and an answer ends the count of failures", () => {
  const backend = newBackend();
  for (let i = 0; i < 4; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  backend.noteAnswer(now, 200);
  expect(backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true)).toBe(false);
  for (let i = 0; i < 4; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  expect(backend.ready).toBe(false);
  backend.refresh(true);
  expect(backend.ready).toBe(true);
  backend.refresh(false);
  expect(backend.ready).toBe(false);
});

test("Backend measures the time of answers, and forgets it slowly", () => {
  const backend = newBackend();
  expect(backend.latencyMs).toBe(0);
  now += 40;
  backend.noteAnswer(now - 40, 200);
  expect(backend.latencyMs).toBe(40);
  now += 10_000;
  expect(backend.latencyMs).toBeLessThan(20);
  expect(backend.latencyMs).toBeGreaterThan(10);
});
