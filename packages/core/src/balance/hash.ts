import { mix32 } from "../random.ts";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Affinity of a request that has nothing to be recognised by, e.g. no cookie of the name that `hashOn` gives.
 * `hash32` never returns it, so that a record with room for 32 bits needs no further flag.
 */
export const NO_AFFINITY = 0;

/**
 * A text as an unsigned 32-bit number, 1 or above. FNV-1a over the UTF-16 code units (over the octets, where the text
 * is ASCII), then `mix32`: FNV alone leaves the high bits of texts that differ at their end nearly alike, and places
 * on a ring are compared by their high bits first.
 * It spreads what is not chosen by an enemy; who can choose the text can find two with the same number.
 */
export function hash32(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return mix32(hash) || 1;
}
