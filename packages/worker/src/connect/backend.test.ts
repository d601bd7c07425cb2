import { DEFAULT_HEALTH, FAILURE, type PassiveHealth, type ResolvedHealth } from "@shunt/core";
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

test("Backend takes requests in a panic, and an answer ends the count of failures", () => {
  const backend = newBackend();
  for (let i = 0; i < 4; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  backend.noteAnswer(now, 200);
  expect(backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true)).toBe(false);
  for (let i = 0; i < 4; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  expect(backend.ready).toBe(false);
  backend.health.panic = true;
  backend.refresh();
  expect(backend.ready).toBe(true);
  backend.health.panic = false;
  backend.refresh();
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

/** Options of a pool that asks for everything, beside the defaults. */
function health(changes: Partial<PassiveHealth> = {}, slowStartMs = 0): ResolvedHealth {
  return { ...DEFAULT_HEALTH, passive: { ...DEFAULT_HEALTH.passive, ...changes }, slowStartMs };
}

function backendWith(options: ResolvedHealth): Backend {
  const backend = newBackend();
  backend.update(server, options);
  return backend;
}

test("Backend counts errors and does not judge them: that is for the whole pool", () => {
  const backend = backendWith(health({ errorPercent: 50, minRequests: 4 }));
  for (let i = 0; i < 4; i++) backend.noteAnswer(now, 503);
  expect([backend.errors, backend.failures, backend.ready]).toEqual([4, 0, true]);
  const outlier = backend.health.outlier(0, now);
  expect(outlier).toEqual({ cause: "errors", reason: "4 of 4 requests ended in errors" });
});

test("Backend ejected for errors stays so when a probe is answered with one, and comes back with another answer", () => {
  const backend = backendWith(health({ errorPercent: 50 }));
  backend.health.eject({ cause: "errors", reason: "9 of 9 requests ended in errors" }, now);
  expect([backend.health.takes(now), backend.health.ejectedFor]).toEqual([
    false,
    "9 of 9 requests ended in errors",
  ]);
  now += 1_000;
  backend.refresh();
  expect([backend.ready, backend.health.ejectedFor]).toEqual([
    true,
    "9 of 9 requests ended in errors; is probed",
  ]);
  expect([backend.noteAnswer(now, 500), backend.ready]).toEqual([false, false]);
  now += 1_999;
  backend.refresh();
  expect(backend.ready).toBe(false);
  now += 1;
  backend.refresh();
  expect([backend.noteAnswer(now, 404), backend.ready, backend.health.ejectedFor]).toEqual([
    true,
    true,
    undefined,
  ]);
});

test("Backend ejected for refused connections comes back with any answer", () => {
  const backend = backendWith(health({ errorPercent: 50 }));
  for (let i = 0; i < 5; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  expect(backend.health.ejectedFor).toBe("5 failures in a row, at last: the server refused the connection");
  now += 1_000;
  backend.refresh();
  expect(backend.noteAnswer(now, 500)).toBe(true);
});

test("Backend ejected for slowness comes back with an answer in the time of its pool, not with a slow one", () => {
  const backend = backendWith(health({ latencyFactor: 3 }));
  backend.health.outlier(100, now);
  backend.health.eject({ cause: "slowness", reason: "slow" }, now);
  now += 1_000;
  backend.refresh();
  now += 301;
  expect(backend.noteAnswer(now - 301, 200)).toBe(false);
  now += 2_000;
  backend.refresh();
  now += 300;
  expect(backend.noteAnswer(now - 300, 200)).toBe(true);
});

test("Backend forgets after its return what it was ejected for", () => {
  const backend = backendWith(health({ errorPercent: 50, minRequests: 4 }));
  for (let i = 0; i < 9; i++) backend.noteAnswer(now, 500);
  backend.health.eject({ cause: "errors", reason: "" }, now);
  now += 1_000;
  backend.refresh();
  backend.noteAnswer(now, 200);
  for (let i = 0; i < 3; i++) backend.noteAnswer(now, 500);
  expect(backend.health.outlier(0, now)).toBeUndefined();
});

test("Backend goes by what active checks find, and takes requests when nobody has told", () => {
  const backend = newBackend();
  expect(backend.health.toldBy({ server: "pool/s1", healthy: false, reason: "status 503" }, now)).toBe(true);
  backend.refresh();
  expect([backend.ready, backend.health.unhealthyFor]).toEqual([false, "status 503"]);
  expect(backend.health.toldBy(undefined, now)).toBe(true);
  backend.refresh();
  expect([backend.ready, backend.health.unhealthyFor]).toEqual([true, undefined]);
});

test("Backend rises from a tenth of its weight when it is new, made ready, healthy again or revived, and not at the start", () => {
  const four = { ...server, weight: 4 } as const;
  const options = health({}, 1_000);
  const weightAfter = (backend: Backend, ms: number): number => {
    now += ms;
    backend.refresh();
    return Number(backend.weight.toFixed(3));
  };
  const backend = new Backend("pool", four, () => now);
  backend.update(four, options);
  expect(weightAfter(backend, 0)).toBe(4);
  backend.startSlowly();
  expect([0, 500, 499, 1].map((ms) => weightAfter(backend, ms))).toEqual([0.4, 2.2, 3.996, 4]);
  backend.update({ ...four, state: "drain" }, options);
  backend.update(four, options);
  expect([backend.weight, weightAfter(backend, 1_000)]).toEqual([0.4, 4]);
  backend.health.toldBy({ server: "pool/s1", healthy: false, reason: "" }, now);
  backend.health.toldBy({ server: "pool/s1", healthy: true, reason: "" }, now);
  expect([weightAfter(backend, 0), weightAfter(backend, 1_000)]).toEqual([0.4, 4]);
  for (let i = 0; i < 5; i++) backend.noteFailure(FAILURE.CONNECTION_REFUSED, now, true);
  now += 1_000;
  backend.refresh();
  backend.noteAnswer(now, 200);
  expect([backend.weight, weightAfter(backend, 1_000)]).toEqual([0.4, 4]);
});

test("Backend in drain takes requests of clients that it knows, unless it is down; in maintenance none", () => {
  const backend = newBackend();
  const takes = (): boolean[] => [backend.ready, backend.takesBound];
  backend.update({ ...server, state: "drain" }, DEFAULT_HEALTH);
  expect(takes()).toEqual([false, true]);
  backend.health.toldBy({ server: "pool/s1", healthy: false, reason: "" }, now);
  backend.refresh();
  expect(takes()).toEqual([false, false]);
  backend.health.toldBy(undefined, now);
  backend.update({ ...server, state: "maintenance" }, DEFAULT_HEALTH);
  expect(takes()).toEqual([false, false]);
});
