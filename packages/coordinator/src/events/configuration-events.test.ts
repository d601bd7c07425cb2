import { expect, test } from "vitest";
import { firstStored } from "../change/test-configuration.ts";
import { testConfig } from "../test-config.ts";
import { configurationEvents } from "./configuration-events.ts";

test("configurationEvents() tells the new generation, and servers whose state is another", () => {
  const before = testConfig("/state");
  const pools = before.pools.map((pool) => ({
    ...pool,
    servers: pool.servers.map((server) =>
      server.name === "g2" ? { ...server, state: "drain" as const } : server,
    ),
  }));
  expect(configurationEvents(before, firstStored({ ...before, pools }, 3))).toEqual([
    { kind: "generation-changed", term: 0, generation: 3, summary: "the file", by: "file" },
    { kind: "server-state", server: "gold/g2", state: "drain" },
  ]);
});
