import type { DataPlaneConfig } from "@shunt/core";
import { pino } from "pino";
import type { StoredConfig } from "./change.ts";
import type { ConfigStore } from "./config-store.ts";
import type { Configuration } from "./configuration.ts";
import { LocalConfiguration, type LocalConfigurationOptions } from "./local-configuration.ts";
import type { OwnConfig } from "./options-of.ts";

/** The configuration as it was first kept, for tests. */
export function firstStored(config: DataPlaneConfig & Partial<OwnConfig>, generation = 1): StoredConfig {
  const { admin: _, state: __, ...dataPlane } = config;
  const at = new Date(0).toISOString();
  return { term: 0, generation, config: dataPlane, fileHash: "f0", by: "file", at, summary: "the file" };
}

/** A configuration that is changed in `store`, which has nothing yet. */
export async function testConfiguration(
  store: ConfigStore,
  config: DataPlaneConfig & OwnConfig,
  options: Partial<LocalConfigurationOptions> = {},
): Promise<LocalConfiguration> {
  const current = firstStored(config, 7);
  await store.append(current, undefined);
  return new LocalConfiguration({
    store,
    current,
    own: { admin: config.admin, state: config.state },
    term: () => 0,
    onChange: () => {},
    now: () => new Date(0),
    log: pino({ level: "silent" }),
    ...options,
  });
}

/** One that nobody changes in a test. */
export function fixedConfiguration(config: DataPlaneConfig & OwnConfig): Configuration {
  return {
    current: firstStored(config, 7),
    change: async () => ({ kind: "unavailable", detail: "this test changes nothing" }),
    history: async () => [],
    audit: async () => [],
    at: async () => undefined,
  };
}
