import type { DataPlaneConfig, Snapshot } from "@shunt/core";
import type { OwnConfig } from "../change/options-of.ts";

/** What acceptors may know of the configuration: what they decide by, and not the admin's tokens. */
export function snapshotOf(
  generation: number,
  config: DataPlaneConfig & Partial<OwnConfig>,
  term = 0,
): Snapshot {
  const { admin: _, state: __, ...dataPlane } = config;
  return { term, generation, config: dataPlane };
}
