const NAMED = new Map([
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x5c, "\\\\"],
]);

const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  const isPrintable = octet >= 0x20 && octet < 0x7f;
  return NAMED.get(octet) ?? (isPrintable ? String.fromCharCode(octet) : `\\x${hex(octet)}`);
});

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}

/**
 * Octets as a text of printable US-ASCII, from which they can be told again: what a peer has sent must not move the
 * cursor of whoever reads the log, nor pass for a line of it.
 */
export function escaped(octets: Uint8Array): string {
  let text = "";
  for (const octet of octets) text += ESCAPED[octet];
  return text;
}
