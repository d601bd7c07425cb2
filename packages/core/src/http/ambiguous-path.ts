import type { HeadFacts } from "./head-facts.ts";

/**
 * Whether a request would have another class if its path were read in another way, or it has too many readings to tell.
 * Then it is not known whom the rules have judged: the server may serve what they keep from this client.
 *
 * @param cls its class, by the usual reading
 * @param classify its class by the reading that `facts` have at the time; costs something only for unusual paths
 */
export function isPathAmbiguous(facts: HeadFacts, cls: number, classify: () => number): boolean {
  if (!facts.hasPathReadings) return false;
  const readings = facts.pathReadings();
  if (readings === undefined) return true;
  for (let i = 1; i < readings.length; i++) {
    facts.readPathAs(readings[i] as string);
    if (classify() !== cls) return true;
  }
  facts.readPathAs(readings[0] as string);
  return false;
}
