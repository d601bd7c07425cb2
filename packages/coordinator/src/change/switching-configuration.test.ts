import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteStore } from "../store/sqlite-store.ts";
import { testConfig } from "../test-config.ts";
import type { ChangeRequest } from "./change.ts";
import { SwitchingConfiguration } from "./switching-configuration.ts";
import { firstStored, fixedConfiguration } from "./test-configuration.ts";

const config = testConfig("/state");
const REQUEST: ChangeRequest = {
  edit: { kind: "patch-server", pool: "gold", server: "g1", weight: 2 },
  ifMatch: undefined,
  dryRun: false,
  by: "ann",
};

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

/** With who was asked to make the changes, in order. */
function switching(leads: boolean) {
  const asked: string[] = [];
  const by = (who: string) => async () => {
    asked.push(who);
    return { kind: "unchanged", version: { term: 0, generation: 7 }, differences: [], warnings: [] } as const;
  };
  const configuration = new SwitchingConfiguration({
    store,
    current: firstStored(config),
    leads: () => leads,
    ask: by("the leader"),
    onCurrent: () => {},
  });
  return { configuration, asked, local: { ...fixedConfiguration(config), change: by("itself") } };
}

test("SwitchingConfiguration has a change that comes while it begins to lead made once it does", async () => {
  const { configuration, asked, local } = switching(true);
  await configuration.change(REQUEST);
  configuration.lead(local);
  await configuration.change(REQUEST);
  expect(asked).toEqual(["the leader", "itself"]);
});

test("SwitchingConfiguration asks the leader when it leads no more, told of it or not", async () => {
  const { configuration, asked, local } = switching(false);
  configuration.lead(local);
  await configuration.change(REQUEST);
  configuration.standBy();
  await configuration.change(REQUEST);
  expect(asked).toEqual(["the leader", "the leader"]);
});
