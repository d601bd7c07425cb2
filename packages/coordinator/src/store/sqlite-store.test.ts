import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredConfig } from "../change/change.ts";
import { KEPT_CONFIGS, StoreUnavailable } from "../change/config-store.ts";
import { firstStored } from "../change/test-configuration.ts";
import { testConfig } from "../test-config.ts";
import { SqliteStore } from "./sqlite-store.ts";

const quiet = pino({ level: "silent" });
let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-store-"));
  path = join(directory, "state.db");
});

afterEach(() => rmSync(directory, { recursive: true }));

async function withStore<T>(use: (store: SqliteStore) => T | Promise<T>): Promise<T> {
  const store = SqliteStore.open(path, quiet);
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

const JWT = {
  claim: "sub",
  from: { kind: "bearer" },
  algorithms: ["HS256"],
  issuer: undefined,
  audience: undefined,
  clockToleranceSeconds: 0,
} as const;

function stored(generation: number, changes: Partial<StoredConfig> = {}): StoredConfig {
  return { ...firstStored(testConfig("a"), generation), ...changes };
}

test("SqliteStore keeps configurations whole, the latest and each by its generation, when it is opened again", async () => {
  const identity = { kind: "jwt", jwt: { ...JWT, key: { kind: "secret", value: "the-secret" } } } as const;
  const first = firstStored(testConfig("a", { identity }), 1);
  const second = stored(2, { by: "ann", summary: "gold/g1: state drain", fileHash: "f1" });
  await withStore(async (store) => {
    expect(await store.append(first, undefined)).toBe(true);
    expect(await store.append(second, first)).toBe(true);
  });
  await withStore(async (store) => {
    expect(await store.latest()).toEqual(second);
    expect(await store.at(1)).toEqual(first);
    expect(await store.at(3)).toBeUndefined();
    const { config: _, ...entry } = second;
    expect(await store.history(1)).toEqual([entry]);
    expect(await store.fileHashes()).toEqual(["f1", "f0"]);
  });
});

test("SqliteStore.append() refuses what does not follow the latest, and nothing has changed", () =>
  withStore(async (store) => {
    await store.append(stored(1), undefined);
    expect(await store.append(stored(2), undefined)).toBe(false);
    expect(await store.append(stored(3), stored(2))).toBe(false);
    expect(await store.latest()).toMatchObject({ generation: 1 });
  }));

test("SqliteStore keeps a bounded number of configurations", () =>
  withStore(async (store) => {
    for (let generation = 1; generation <= KEPT_CONFIGS + 2; generation++)
      await store.append(stored(generation), generation === 1 ? undefined : stored(generation - 1));
    expect(await store.history(1_000)).toHaveLength(KEPT_CONFIGS);
    expect(await store.at(2)).toBeUndefined();
  }));

test("SqliteStore tells the audit log, the newest first", () =>
  withStore(async (store) => {
    const version = { term: 0, generation: 1 };
    const entry = {
      at: "now",
      by: "ann",
      outcome: "changed",
      before: version,
      after: version,
      differences: [],
    } as const;
    await store.appendAudit({ ...entry, what: "one" });
    await store.appendAudit({ ...entry, what: "two" });
    expect((await store.audit(10)).map(({ what }) => what)).toEqual(["two", "one"]);
    expect(await store.audit(1)).toEqual([{ ...entry, what: "two" }]);
  }));

test("SqliteStore is for its owner alone, whatever the file was before", () => {
  writeFileSync(path, "", { mode: 0o644 });
  return withStore(async (store) => {
    await store.append(stored(1), undefined);
    const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });
});

test("SqliteStore answers that it does not answer when its file is taken by another", () =>
  withStore(async (store) => {
    const other = new DatabaseSync(path);
    other.exec("BEGIN EXCLUSIVE");
    await expect(store.append(stored(1), undefined)).rejects.toThrow(StoreUnavailable);
    other.close();
    expect(await store.append(stored(1), undefined)).toBe(true);
  }));

test("SqliteStore.open() begins anew beside the tables of an older form", async () => {
  const old = new DatabaseSync(path);
  old.exec("CREATE TABLE config_history (generation INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT");
  old.close();
  await withStore(async (store) => expect(await store.latest()).toBeUndefined());
});

test("SqliteStore.open() moves a damaged file aside and starts anew", async () => {
  writeFileSync(path, "this is no database".repeat(500));
  await withStore((store) => expect(store.departed("any")).toBeUndefined());
  const aside = readdirSync(directory).filter((name) => name.startsWith("state.db.damaged-"));
  expect(aside).toHaveLength(1);
});

test("SqliteStore remembers the departed of one supervisor's life only", async () => {
  const record = { total: { counters: { x: 1 }, gauges: {}, labelled: {}, histograms: {} }, recent: [] };
  await withStore((store) => store.saveDeparted("first", record));
  expect(await withStore((store) => store.departed("first"))).toEqual(record);
  await withStore((store) => store.saveDeparted("second", record));
  expect(await withStore((store) => store.departed("first"))).toBeUndefined();
});

test("SqliteStore.nextLife() gives no number twice", async () => {
  const numbers: number[] = [];
  while (numbers.length < 3) numbers.push(await withStore((store) => store.nextLife()));
  expect(numbers).toEqual([1, 2, 3]);
});
