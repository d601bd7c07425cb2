import type { ProxyProtocol } from "@shunt/core";
import { expect, test } from "vitest";
import type { Backend } from "../connect/backend.ts";
import type { ServerConnection } from "../connect/server-connection.ts";
import { OwnConnections } from "./own-connections.ts";

/** Of a server what is looked at; and of connections to it. */
function backend(proxyProtocol: ProxyProtocol): Backend {
  return { proxyProtocol } as Backend;
}

function connectionTo(to: Backend): ServerConnection {
  const connection = {
    backend: to,
    introduction: to.proxyProtocol,
    state: "idle",
    destroy: () => {
      connection.state = "closed";
    },
  };
  return connection as unknown as ServerConnection;
}

test("OwnConnections gives back the one of a server that was kept last, and each once", () => {
  const own = new OwnConnections();
  const [one, other] = [backend("v1"), backend("v1")];
  const kept = [connectionTo(one), connectionTo(other), connectionTo(one)];
  for (const connection of kept) expect(own.keep(connection)).toBe(true);
  expect([own.take(one), own.take(one), own.take(one)]).toEqual([kept[2], kept[0], undefined]);
  expect(own.take(other)).toBe(kept[1]);
});

test("OwnConnections keeps eight, and counts those that closed meanwhile no more", () => {
  const own = new OwnConnections();
  const server = backend("v2");
  const kept = Array.from({ length: 8 }, () => connectionTo(server));
  for (const connection of kept) own.keep(connection);
  expect(own.keep(connectionTo(server))).toBe(false);
  kept[3]?.destroy();
  expect(own.keep(connectionTo(server))).toBe(true);
});

test("OwnConnections gives none that has closed, and none that began as connections to its server begin no more", () => {
  const own = new OwnConnections();
  const server = backend("v1");
  const closed = connectionTo(server);
  own.keep(closed);
  closed.destroy();
  expect(own.take(server)).toBeUndefined();
  own.keep(connectionTo(server));
  server.proxyProtocol = "v2";
  expect(own.take(server)).toBeUndefined();
});

test("OwnConnections.close() ends what is kept, and keeps nothing from then on", () => {
  const own = new OwnConnections();
  const kept = connectionTo(backend("v1"));
  own.keep(kept);
  own.close();
  expect(kept.state).toBe("closed");
  expect(own.keep(connectionTo(backend("v1")))).toBe(false);
});
