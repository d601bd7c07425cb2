import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteStore } from "../store/sqlite-store.ts";
import { testConfig } from "../test-config.ts";
import type { ChangeRequest, StoredConfig } from "./change.ts";
import { StoreUnavailable } from "./config-store.ts";
import { optionsOf, SHOWN } from "./options-of.ts";
import { testConfiguration } from "./test-configuration.ts";

const config = testConfig("/state");
let directory: string;
let store: SqliteStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-change-"));
  store = SqliteStore.open(join(directory, "state.db"), pino({ level: "silent" }));
});

afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function weigh(weight: number, request: Partial<ChangeRequest> = {}): ChangeRequest {
  const edit = { kind: "patch-server", pool: "gold", server: "g1", weight } as const;
  return { edit, ifMatch: undefined, dryRun: false, by: "ann", ...request };
}

test("LocalConfiguration makes changes that come together one after the other, each once", async () => {
  const told: StoredConfig[] = [];
  const configuration = await testConfiguration(store, config, { onChange: (stored) => told.push(stored) });
  const weights = Array.from({ length: 20 }, (_, index) => index + 2);
  const outcomes = await Promise.all(weights.map((weight) => configuration.change(weigh(weight))));
  expect(outcomes.map(({ kind }) => kind)).toEqual(weights.map(() => "changed"));
  expect(told.map(({ generation }) => generation)).toEqual(weights.map((_, index) => index + 8));
  expect(told.map(({ config: { pools } }) => pools[0]?.servers[0]?.weight)).toEqual(weights);
  expect(await store.latest()).toEqual(configuration.current);
});

test("LocalConfiguration lets one of two win that were both asked for on the same version", async () => {
  const configuration = await testConfiguration(store, config);
  const ifMatch = { term: 0, generation: 7 };
  const outcomes = await Promise.all(
    [2, 3].map((weight) => configuration.change(weigh(weight, { ifMatch }))),
  );
  expect(outcomes).toMatchObject([
    { kind: "changed" },
    { kind: "conflict", version: { term: 0, generation: 8 } },
  ]);
});

test("LocalConfiguration makes no generation of what changes nothing, unless it is that of another file", async () => {
  const configuration = await testConfiguration(store, config);
  expect(await configuration.change(weigh(1))).toMatchObject({
    kind: "unchanged",
    version: { generation: 7 },
  });
  const options = optionsOf(config, SHOWN);
  const edit = { kind: "replace", options, fileHash: "f1" } as const;
  expect(await configuration.change(weigh(1, { edit }))).toMatchObject({
    kind: "changed",
    version: { generation: 8 },
    differences: [],
  });
  expect(configuration.current.fileHash).toBe("f1");
  expect(await configuration.change(weigh(1, { edit }))).toMatchObject({ kind: "unchanged" });
});

test("LocalConfiguration changes nothing while the store does not answer", async () => {
  const told: StoredConfig[] = [];
  const configuration = await testConfiguration(store, config, { onChange: (stored) => told.push(stored) });
  const { append } = store;
  store.append = () => Promise.reject(new StoreUnavailable("the disk is full"));
  expect(await configuration.change(weigh(2))).toEqual({ kind: "unavailable", detail: "the disk is full" });
  expect([configuration.current.generation, told]).toEqual([7, []]);
  store.append = append;
  expect(await configuration.change(weigh(2))).toMatchObject({ kind: "changed" });
});

test("LocalConfiguration goes on from a change that the store kept without saying so", async () => {
  const told: StoredConfig[] = [];
  const configuration = await testConfiguration(store, config, { onChange: (stored) => told.push(stored) });
  const { append } = store;
  store.append = async (next, expected) => {
    await append.call(store, next, expected);
    throw new StoreUnavailable("no answer in time");
  };
  expect(await configuration.change(weigh(2))).toMatchObject({ kind: "unavailable" });
  store.append = append;
  expect(await configuration.change(weigh(3))).toMatchObject({ kind: "changed", version: { generation: 9 } });
  expect(told.map(({ generation }) => generation)).toEqual([8, 9]);
});

test("LocalConfiguration is unavailable when another has written to the store", async () => {
  const configuration = await testConfiguration(store, config);
  await store.append({ ...configuration.current, term: 3, generation: 8 }, configuration.current);
  expect(await configuration.change(weigh(2))).toMatchObject({ kind: "unavailable" });
  expect(configuration.current.generation).toBe(7);
});

test("LocalConfiguration makes a change of which the audit log cannot be told", async () => {
  const configuration = await testConfiguration(store, config);
  store.appendAudit = () => Promise.reject(new StoreUnavailable("the disk is full"));
  expect(await configuration.change(weigh(2))).toMatchObject({ kind: "changed" });
  expect((await store.latest())?.generation).toBe(8);
});
