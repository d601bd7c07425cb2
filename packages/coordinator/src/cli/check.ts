import type { ResolvedConfig } from "@shunt/core";
import { loadConfig } from "../config/load.ts";
import { formatPlaced } from "../config/places.ts";
import { count } from "./numbers.ts";

/** Where a command writes. `process` is one. */
export interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * `shunt check FILE`: says whether the configuration can be used. Every mistake has its place and a line of its own.
 * Gives the exit code: 0, or 1 when there is a mistake.
 */
export async function check(file: string, out: Output): Promise<number> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) {
    for (const mistake of loaded.mistakes) out.stderr.write(`${formatPlaced(mistake)}\n`);
    return 1;
  }
  for (const warning of loaded.warnings) {
    out.stderr.write(`${formatPlaced({ ...warning, problem: `warning: ${warning.problem}` })}\n`);
  }
  out.stdout.write(`${file}: ok (${summary(loaded.config)})\n`);
  return 0;
}

function summary({ pools, rules }: ResolvedConfig): string {
  const servers = pools.reduce((sum, pool) => sum + pool.servers.length, 0);
  return [count(pools.length, "pool"), count(servers, "server"), count(rules.length, "rule")].join(", ");
}
