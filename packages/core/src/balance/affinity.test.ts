import { describe, expect, it } from "vitest";
import { factsOf } from "../classify/test-facts.ts";
import type { HashKey } from "../config/resolved.ts";
import { affinityOf } from "./affinity.ts";
import { hash32, NO_AFFINITY } from "./hash.ts";

const FACTS = factsOf({
  host: "shop.example",
  path: "/cart",
  client: "10.0.0.1",
  user: "ann",
  headers: { "x-tenant": ["blue", "green"] },
  cookies: { session: "abc" },
  queries: { q: "shoes" },
});

describe("affinityOf()", () => {
  it.each<[HashKey, string]>([
    [{ on: "client" }, "10.0.0.1"],
    [{ on: "user" }, "ann"],
    [{ on: "path" }, "/cart"],
    [{ on: "host" }, "shop.example"],
    [{ on: "cookie", name: "session" }, "abc"],
    [{ on: "query", name: "q" }, "shoes"],
  ])("hashes what %j names", (key, text) => {
    expect(affinityOf(FACTS, key)).toBe(hash32(text));
  });

  it("takes the first value of a repeated field", () => {
    expect(affinityOf(FACTS, { on: "header", name: "x-tenant" })).toBe(hash32("blue"));
  });

  it("tells an empty value from one that is missing", () => {
    const empty = factsOf({ cookies: { session: "" } });
    expect(affinityOf(empty, { on: "cookie", name: "session" })).toBe(hash32(""));
    expect(affinityOf(FACTS, { on: "cookie", name: "other" })).toBe(NO_AFFINITY);
  });

  it("is NO_AFFINITY for a pool that hashes on nothing", () => {
    expect(affinityOf(FACTS, undefined)).toBe(NO_AFFINITY);
  });
});
