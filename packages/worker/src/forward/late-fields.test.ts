import { describe, expect, test } from "vitest";
import { snapshotOf } from "../test-snapshot.ts";
import { judgedFields, lateFieldsOf } from "./late-fields.ts";

const trust = { peers: ["10.0.0.0/8"], fields: ["X-Tier", "X_Rank"] };

describe("judgedFields()", () => {
  test("are those of trust.fields and of the identity, with hyphens for underscores", () => {
    const { config } = snapshotOf({ trust, identity: { header: "X-User" } });
    expect([...judgedFields(config)].sort()).toEqual(["x-rank", "x-tier", "x-user"]);
    expect([...judgedFields(snapshotOf({ trust }).config)].sort()).toEqual(["x-rank", "x-tier"]);
    expect([...judgedFields(snapshotOf().config)]).toEqual([]);
  });

  test("are those that rules look at, wherever in their conditions", () => {
    const when = { any: [{ path: "/a" }, { not: { header: { X_Plan: "gold" } } }] };
    const rules = [{ name: "gold", when, class: "gold" }];
    expect([...judgedFields(snapshotOf({ rules }).config)]).toEqual(["x-plan"]);
  });

  test("are put together once for a configuration, not for each request", () => {
    const { config } = snapshotOf({ trust });
    expect(judgedFields(config)).toBe(judgedFields(config));
  });
});

describe("lateFieldsOf()", () => {
  const late = (...lines: string[]) =>
    lateFieldsOf({
      received: Buffer.from(["POST / HTTP/1.1", ...lines, "", ""].join("\r\n"), "latin1"),
      snapshot: snapshotOf({ trust }),
    });

  test("has what any Connection field of the request names, in any case", () => {
    const names = late("Connection: close, X_Hop", "Host: a", "CONNECTION:\tx-more ,");
    expect(["x-hop", "x-more", "x-tier", ""].map((name) => names.has(name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test("has nothing of fields that only end like Connection, or of values", () => {
    const names = late("Proxy-Connection: x-a", "X: connection: x-b", "Connections: x-c");
    expect(["x-a", "x-b", "x-c"].map((name) => names.has(name))).toEqual([false, false, false]);
  });
});
