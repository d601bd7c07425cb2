import { expect, test } from "vitest";
import { snapshotOf } from "../test-snapshot.ts";
import { believedFields } from "./late-fields.ts";

const trust = { peers: ["10.0.0.0/8"], fields: ["X-Tier", "X_Rank"] };

test("believedFields() are those of trust.fields and of the identity, with hyphens for underscores", () => {
  const { config } = snapshotOf({ trust, identity: { header: "X-User" } });
  expect([...believedFields(config)].sort()).toEqual(["x-rank", "x-tier", "x-user"]);
  expect([...believedFields(snapshotOf({ trust }).config)].sort()).toEqual(["x-rank", "x-tier"]);
  expect([...believedFields(snapshotOf().config)]).toEqual([]);
});

test("believedFields() are put together once for a configuration, not for each request", () => {
  const { config } = snapshotOf({ trust });
  expect(believedFields(config)).toBe(believedFields(config));
});
