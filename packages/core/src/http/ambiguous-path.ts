import type { HeadFacts } from "./head-facts.ts";

/**
 * Whether a request would have another class if its path were read in another way. Then it is not known whom the rules
 * have judged: the server may serve what they keep from this client.
 *
 * @param cls its class, by the usual reading
 * @param classify its class by the reading that `facts` have at the time; costs something only for unusual paths
 */
export function isPathAmbiguous(facts: HeadFacts, cls: number, classify: () => number): boolean {
  const [usual, ...others] = facts.pathReadings();
  if (usual === undefined) return false;
  for (const other of others) {
    facts.readPathAs(other);
    if (classify() !== cls) return true;
  }
  facts.readPathAs(usual);
  return false;
}
