import type { ResolvedConfig } from "@shunt/core";
import { expect, test } from "vitest";
import { testConfig } from "../test-config.ts";
import { edited } from "./edit.ts";
import { optionsOf, ownOptionsOf, REPLACED, SHOWN } from "./options-of.ts";

const token = { name: "admin", role: "admin", sha256: "ab".repeat(32) } as const;
const whole: ResolvedConfig = testConfig("/state", {
  admin: { host: "127.0.0.1", port: 7070, tokens: [token] },
});
const { admin, state, ...config } = whole;
const base = { config, own: { admin, state } };

function replace(options: unknown) {
  return edited({ kind: "replace", options }, base);
}

test("edited() of the configuration as it is shown gives the same, whether its own parts are in it or not", () => {
  const shown = optionsOf(config, REPLACED);
  expect(replace(shown)).toEqual({ kind: "edited", config, warnings: [] });
  expect(replace({ ...shown, ...ownOptionsOf(whole, REPLACED) })).toEqual({
    kind: "edited",
    config,
    warnings: [],
  });
});

test("edited() keeps a listener from the place of the admin API", () => {
  const options = { ...optionsOf(config, SHOWN), listeners: { web: { host: "127.0.0.1", port: 7070 } } };
  expect(replace(options)).toMatchObject({
    kind: "invalid",
    mistakes: [{ pointer: "/admin/port", detail: expect.stringContaining("is taken by listeners.web") }],
  });
});

test.each([[undefined], [null], [[]], ["text"]])("edited() refuses %j as a configuration", (options) => {
  expect(replace(options)).toMatchObject({ kind: "invalid", mistakes: [{ pointer: "" }] });
});

test("edited() warns of what an edit brings, and not of what was there before", () => {
  const warned = { ...config, classes: config.classes.map((each) => ({ ...each, pool: 1, spill: -1 })) };
  const options = optionsOf(warned, SHOWN);
  expect(replace(options)).toMatchObject({ warnings: ["pools.gold: no class uses this pool"] });
  const edit = { kind: "patch-server", pool: "gold", server: "g1", weight: 2 } as const;
  expect(edited(edit, { ...base, config: warned })).toMatchObject({ kind: "edited", warnings: [] });
});

test("edited() refuses a configuration that is too large for the way to the acceptors", () => {
  const values = Array.from({ length: 17 }, (_, index) => `${index}${"x".repeat(2 ** 20)}`);
  const rules = [{ name: "many", when: { query: { a: { in: values } } }, class: "gold" }];
  expect(replace({ ...optionsOf(config, SHOWN), rules })).toMatchObject({
    kind: "invalid",
    mistakes: [
      { pointer: "", detail: expect.stringContaining("in which acceptors get it; expected at most") },
    ],
  });
});

test("edited() leaves what it is given as it was", () => {
  const before = structuredClone(config);
  edited({ kind: "add-server", pool: "gold", server: "g3", options: { url: "http://10.0.0.1" } }, base);
  edited({ kind: "remove-server", pool: "gold", server: "g1" }, base);
  expect(config).toEqual(before);
});
