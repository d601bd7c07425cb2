import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testConfig } from "../test-config.ts";
import { unversioned } from "./first-configuration.ts";
import { KeptConfig } from "./kept-config.ts";

const { admin: _, state: __, ...config } = testConfig("/nowhere");
const stored = { ...unversioned({ config, hash: "f" }, "2026-01-01T00:00:00.000Z"), term: 3, generation: 9 };
let directory: string;
let path: string;
let kept: KeptConfig;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-kept-"));
  path = join(directory, "snapshot.json");
  kept = new KeptConfig(path, pino({ level: "silent" }));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("KeptConfig reads what it has written, which is for its user alone", () => {
  expect(kept.read()).toBeUndefined();
  kept.write(stored);
  expect(kept.read()).toEqual(stored);
  expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
});

test("KeptConfig reads a snapshot of before, which no file can be the same as", () => {
  writeFileSync(path, JSON.stringify({ term: 0, generation: 4, config }));
  expect(kept.read()).toMatchObject({ generation: 4, fileHash: "" });
});

test("KeptConfig has nothing where the file is no configuration, or cannot be written", () => {
  writeFileSync(path, '{"term":1,"generation":2}');
  expect(kept.read()).toBeUndefined();
  rmSync(directory, { recursive: true });
  kept.write(stored);
  expect(kept.read()).toBeUndefined();
});
