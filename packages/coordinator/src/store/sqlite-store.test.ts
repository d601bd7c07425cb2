import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testConfig } from "../test-config.ts";
import { SqliteStore } from "./sqlite-store.ts";

const NOW = new Date(0);
const quiet = pino({ level: "silent" });
let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-store-"));
  path = join(directory, "state.db");
});

afterEach(() => rmSync(directory, { recursive: true }));

function withStore<T>(use: (store: SqliteStore) => T): T {
  const store = SqliteStore.open(path, quiet);
  try {
    return use(store);
  } finally {
    store.close();
  }
}

test("SqliteStore.generationOf() rises by one with each change, one back to an earlier configuration included", () => {
  const one = testConfig("a", { acceptors: 1 });
  const two = testConfig("a", { acceptors: 2 });
  const seen = [one, one, two, one].map((config) => withStore((store) => store.generationOf(config, 0, NOW)));
  expect(seen).toEqual([1, 1, 2, 3]);
});

test("SqliteStore.generationOf() goes on from what is known elsewhere", () => {
  const config = testConfig("a");
  expect(withStore((store) => store.generationOf(config, 41, NOW))).toBe(42);
  expect(withStore((store) => store.generationOf(config, 42, NOW))).toBe(42);
});

test("SqliteStore keeps no secret in its file, and a changed one is a change", () => {
  const tokens = ["token-of-the-first", "token-of-the-second"];
  const generations = tokens.map((token) =>
    withStore((store) =>
      store.generationOf(
        testConfig("a", {
          admin: { host: "::1", port: 1, tokens: [{ name: "a", role: "admin", sha256: token }] },
        }),
        0,
        NOW,
      ),
    ),
  );
  expect(generations).toEqual([1, 2]);
  const octets = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
  expect(octets.join()).not.toContain("token-of-the");
});

test("SqliteStore.open() moves a damaged file aside and starts anew", () => {
  writeFileSync(path, "this is no database".repeat(500));
  expect(withStore((store) => store.generationOf(testConfig("a"), 0, NOW))).toBe(1);
  const aside = readdirSync(directory).filter((name) => name.startsWith("state.db.damaged-"));
  expect(aside).toHaveLength(1);
});

test("SqliteStore remembers the departed of one supervisor's life only", () => {
  const record = { total: { counters: { x: 1 }, gauges: {}, labelled: {}, histograms: {} }, recent: [] };
  withStore((store) => store.saveDeparted("first", record));
  expect(withStore((store) => store.departed("first"))).toEqual(record);
  withStore((store) => store.saveDeparted("second", record));
  expect(withStore((store) => store.departed("first"))).toBeUndefined();
});
