import type { ProxyProtocol } from "@shunt/core";
import { expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";
import { OwnConnections } from "./own-connections.ts";

const MANY = 1_000;

function backend(proxyProtocol: ProxyProtocol): Backend {
  const server = { name: "s1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
  const made = new Backend("pool", server, () => 0);
  made.proxyProtocol = proxyProtocol;
  return made;
}

/** Of a connection what is looked at. */
function connectionTo(to: Backend): ServerConnection {
  const connection = {
    backend: to,
    introduction: to.proxyProtocol,
    state: "idle",
    destroy: () => {
      connection.state = "closed";
      to.forget(made);
    },
  };
  const made = connection as unknown as ServerConnection;
  return made;
}

test("OwnConnections gives back the one of a server that was kept last, and each once", () => {
  const own = new OwnConnections();
  const [one, other] = [backend("v1"), backend("v1")];
  const kept = [connectionTo(one), connectionTo(other), connectionTo(one)];
  for (const connection of kept) expect(own.keep(connection, MANY)).toBe(true);
  expect([own.take(one), own.take(one), own.take(one)]).toEqual([kept[2], kept[0], undefined]);
  expect(own.take(other)).toBe(kept[1]);
});

test("OwnConnections keeps eight, and counts those that closed meanwhile no more", () => {
  const own = new OwnConnections();
  const server = backend("v2");
  const kept = Array.from({ length: 8 }, () => connectionTo(server));
  for (const connection of kept) own.keep(connection, MANY);
  expect(own.keep(connectionTo(server), MANY)).toBe(false);
  kept[3]?.destroy();
  expect(own.keep(connectionTo(server), MANY)).toBe(true);
});

test("OwnConnections gives none that has closed, and none that began as connections to its server begin no more", () => {
  const own = new OwnConnections();
  const server = backend("v1");
  const closed = connectionTo(server);
  own.keep(closed, MANY);
  closed.destroy();
  expect(own.take(server)).toBeUndefined();
  own.keep(connectionTo(server), MANY);
  server.proxyProtocol = "v2";
  expect(own.take(server)).toBeUndefined();
});

test("OwnConnections.close() ends what is kept, and keeps nothing from then on", () => {
  const own = new OwnConnections();
  const kept = connectionTo(backend("v1"));
  own.keep(kept, MANY);
  own.close();
  expect(kept.state).toBe("closed");
  expect(own.keep(connectionTo(backend("v1")), MANY)).toBe(false);
});

test("OwnConnections of all clients keep as many to a server together as it may have, shared ones included", () => {
  const server = backend("v1");
  const [one, other] = [new OwnConnections(), new OwnConnections()];
  expect(one.keep(connectionTo(server), 2)).toBe(true);
  const kept = connectionTo(server);
  expect(other.keep(kept, 2)).toBe(true);
  expect(one.keep(connectionTo(server), 2)).toBe(false);
  expect(server.checkIn(connectionTo(server), 2)).toBe(false);
  expect(one.keep(connectionTo(backend("v1")), 2)).toBe(true);
  kept.destroy();
  expect(one.keep(connectionTo(server), 2)).toBe(true);
  expect(one.take(server)).toBeDefined();
  expect(server.checkIn(connectionTo(server), 2)).toBe(true);
  expect(other.keep(connectionTo(server), 2)).toBe(false);
});

test("OwnConnections keeps one that credentials are bound to, whatever its server has, for that server", () => {
  const own = new OwnConnections();
  const [server, other] = [backend("off"), backend("off")];
  const [first, second] = [connectionTo(server), connectionTo(server)];
  expect(own.boundTo).toBeUndefined();
  own.bind(first);
  own.bind(second);
  expect([first.state, own.boundTo]).toEqual(["closed", server]);
  expect([own.takeBound(other), own.takeBound(server), own.takeBound(server)]).toEqual([
    undefined,
    second,
    undefined,
  ]);
  own.bind(second);
  second.destroy();
  expect(own.takeBound(server)).toBeUndefined();
});

test("OwnConnections.close() ends the bound one too, and those that are bound later", () => {
  const own = new OwnConnections();
  const [before, later] = [connectionTo(backend("off")), connectionTo(backend("off"))];
  own.bind(before);
  own.close();
  own.bind(later);
  expect([before.state, later.state, own.boundTo]).toEqual(["closed", "closed", undefined]);
});
