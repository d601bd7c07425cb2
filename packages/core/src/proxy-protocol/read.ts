import { type HeaderReading, INCOMPLETE } from "./header.ts";
import { readVersion1 } from "./version-1.ts";
import { readVersion2, SIGNATURE } from "./version-2.ts";

/**
 * Reads the header at the beginning of `octets`. It is strict, and never guesses whether there is one: what is not a
 * header is refused, as early as an octet shows it. Whoever asks again with more octets gets the same answer as with all
 * of them at once, or "incomplete" before. Never throws.
 */
export function readProxyHeader(octets: Buffer): HeaderReading {
  if (octets.length === 0) return INCOMPLETE;
  return octets[0] === SIGNATURE[0] ? readVersion2(octets) : readVersion1(octets);
}
