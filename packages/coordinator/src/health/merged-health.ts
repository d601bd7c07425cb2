import type { ResolvedPool, ServerHealth } from "@shunt/core";
import type { LoadTable } from "../load/aggregate.ts";

/** What everybody who judges a server finds, as one word and its reasons. */
export interface MergedHealth {
  /** `ok`, `unhealthy`, `ejected`, or `ejected by 2 of 4 acceptors`. */
  readonly health: string;
  /** Sentences without a full stop; none where it is `ok`. */
  readonly reasons: readonly string[];
  /** The part of all acceptors that nothing keeps from sending requests to it, 0 to 1. */
  readonly share: number;
}

/** Acceptors find the same in other numbers; so many of them are told. */
const REASONS_TOLD = 4;

/**
 * @param server its name, as `pool/server`
 * @param check what active checks find; it counts where the pool asks for checks
 * @param tables of the acceptors that are heard
 */
export function mergedHealth(
  server: string,
  { health: { active } }: ResolvedPool,
  check: ServerHealth | undefined,
  tables: readonly LoadTable[],
): MergedHealth {
  const reasons = ejectionReasons(server, tables);
  const ejectedBy = [...reasons.values()].reduce((sum, acceptors) => sum + acceptors, 0);
  const told = [...reasons]
    .slice(0, REASONS_TOLD)
    .map(([reason, by]) => `ejected by ${acceptors(by)}: ${reason}`);
  const of = tables.length;
  if (active !== undefined && check?.healthy === false)
    return { health: "unhealthy", reasons: [check.reason, ...told], share: 0 };
  if (ejectedBy === 0) return { health: "ok", reasons: [], share: 1 };
  const health = ejectedBy >= of ? "ejected" : `ejected by ${ejectedBy} of ${of} acceptors`;
  return { health, reasons: told, share: 1 - ejectedBy / of };
}

/** Reason -> acceptors that have ejected the server for it. */
function ejectionReasons(server: string, tables: readonly LoadTable[]): Map<string, number> {
  const reasons = new Map<string, number>();
  for (const table of tables) {
    const load = table.get(server);
    if (load?.ejected !== true) continue;
    const reason = load.ejectedFor ?? "failures in a row";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return reasons;
}

function acceptors(count: number): string {
  return count === 1 ? "1 acceptor" : `${count} acceptors`;
}
