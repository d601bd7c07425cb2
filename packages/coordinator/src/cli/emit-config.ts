import type { ConfigNotice } from "@shunt/core";
import { loadConfig } from "../config/load.ts";
import { formatPlaced } from "../config/places.ts";

/**
 * A process that lives as long as it takes to load the configuration file named by its argument, and tells its
 * parent what it found. The file is a program of the user: what it does to a process, it does to this one.
 */
const [, , file = ""] = process.argv;
const loaded = await loadConfig(file);
const notice: ConfigNotice = loaded.ok
  ? {
      kind: "config",
      config: loaded.config,
      fileHash: loaded.hash,
      warnings: loaded.warnings.map(formatPlaced),
    }
  : { kind: "mistakes", mistakes: loaded.mistakes.map(formatPlaced) };
process.send?.(notice, () => process.exit(0));
