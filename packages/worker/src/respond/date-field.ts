const SECOND_MS = 1_000;

let second = Number.NaN;
let field = "";

/**
 * The Date field that a response gets here: one of our own, and one that came without (RFC 9110 section 6.6.1). Put
 * together once a second. `now`: milliseconds since 1970.
 */
export function dateField(now = Date.now()): string {
  const current = Math.floor(now / SECOND_MS);
  if (current !== second) {
    second = current;
    field = `Date: ${new Date(current * SECOND_MS).toUTCString()}\r\n`;
  }
  return field;
}
