import type { Facts } from "../classify/facts.ts";
import type { ClassRoute, HashKey, ResolvedPool } from "../config/resolved.ts";
import { hash32, NO_AFFINITY } from "./hash.ts";

/**
 * The number by which a consistent hash recognises who or what a request belongs to. Of fields that are repeated the
 * first value counts. NO_AFFINITY when the pool hashes on nothing, or the request does not have what it hashes on.
 */
export function affinityOf(facts: Facts, key: HashKey | undefined): number {
  const text = key === undefined ? undefined : textOf(facts, key);
  return text === undefined ? NO_AFFINITY : hash32(text);
}

/**
 * The affinity of a request of class `cls`: by what its pool hashes on, else by what its spill pool does. One number
 * serves both, so that a verdict has room for it.
 */
export function affinityFor(facts: Facts, cls: ClassRoute, pools: readonly ResolvedPool[]): number {
  return affinityOf(facts, pools[cls.pool]?.hashOn ?? pools[cls.spill]?.hashOn);
}

function textOf(facts: Facts, key: HashKey): string | undefined {
  switch (key.on) {
    case "client":
      return facts.client.text;
    case "user":
      return facts.user;
    case "path":
      return facts.path;
    case "host":
      return facts.host;
    case "header":
      return facts.header(key.name)[0];
    case "cookie":
      return facts.cookie(key.name)[0];
    case "query":
      return facts.query(key.name)[0];
    default:
      return key satisfies never;
  }
}
