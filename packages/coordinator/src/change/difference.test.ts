import type { Condition, DataPlaneConfig } from "@shunt/core";
import { expect, test } from "vitest";
import { testConfig } from "../test-config.ts";
import { differences, dropped, MOST_DIFFERENCES } from "./difference.ts";

const config: DataPlaneConfig = testConfig("/state");

function rules(...names: readonly string[]): DataPlaneConfig {
  const when = (name: string): Condition => ({
    kind: "test",
    on: { fact: "path" },
    matcher: { kind: "equal", value: `/${name}` },
  });
  return { ...config, rules: names.map((name) => ({ name, when: when(name), class: 0 })) };
}

test("differences() of a configuration with itself are none, whatever JSON has made of it", () => {
  expect(differences(config, JSON.parse(JSON.stringify(config)))).toEqual([]);
});

test("differences() names a server that came and one that went, each as a whole", () => {
  const [gold, general] = config.pools;
  if (gold === undefined || general === undefined) throw new Error("two pools were expected");
  const [first, second] = gold.servers;
  if (first === undefined || second === undefined) throw new Error("two servers were expected");
  const third = { ...second, name: "g3", weight: 4 };
  const after = { ...config, pools: [{ ...gold, servers: [first, third] }, general] };
  expect(differences(config, after)).toEqual([
    { pointer: "/pools/gold/servers/g2", before: expect.objectContaining({ weight: 1 }), after: undefined },
    { pointer: "/pools/gold/servers/g3", before: undefined, after: expect.objectContaining({ weight: 4 }) },
  ]);
});

test("differences() of rules are those of each by its name, and their order where it changed", () => {
  expect(differences(rules("a", "b", "c"), rules("new", "a", "b", "c"))).toMatchObject([
    { pointer: "/rules/0", before: undefined, after: { name: "new" } },
  ]);
  expect(differences(rules("a", "b", "c", "d"), rules("a", "c", "b", "d"))).toEqual([
    { pointer: "/rules", before: ["b", "c"], after: ["c", "b"] },
  ]);
  expect(differences(rules("a", "b"), rules("b"))).toMatchObject([
    { pointer: "/rules/0", before: { name: "a" } },
  ]);
});

test("differences() shows a bounded number of them, and of each value a bounded part", () => {
  const names = Array.from({ length: MOST_DIFFERENCES + 5 }, (_, index) => `r${index}`);
  const many = differences(rules(), rules(...names));
  expect(many).toHaveLength(MOST_DIFFERENCES + 1);
  expect(many.at(-1)).toEqual({ pointer: "", before: undefined, after: "and 5 differences more" });
  const long = { ...config, trust: { peers: Array.from({ length: 1_000 }, () => "10.0.0.1"), fields: [] } };
  expect(differences(config, long)).toMatchObject([{ after: expect.stringContaining("characters of JSON") }]);
});

test("dropped() is what a file undoes of what was stored", () => {
  const stored = { config: { ...config, acceptors: 9 } };
  expect(dropped(stored, config)).toEqual([{ pointer: "/acceptors", before: 9, after: 2 }]);
});
