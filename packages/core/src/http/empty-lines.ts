import { FIXED } from "../config/defaults.ts";
import { CR, LF } from "./octets.ts";

/** Where the whole empty lines end that begin at `from`; -1 when there are more than may be. */
export function endOfEmptyLines(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at + 1 < to && bytes[at] === CR && bytes[at + 1] === LF) {
    at += 2;
    if (at - from > FIXED.emptyLineBytes) return -1;
  }
  return at;
}

/** Whether nothing lies behind empty lines that end at `at`, or the first half of another. */
export function isRestOfEmptyLines(bytes: Uint8Array, at: number, to: number): boolean {
  return at === to || (at + 1 === to && bytes[at] === CR);
}

/** Whether octets are empty lines, the last of them perhaps not whole, and not more than may be. */
export function areEmptyLines(bytes: Uint8Array): boolean {
  const end = endOfEmptyLines(bytes, 0, bytes.length);
  return end >= 0 && isRestOfEmptyLines(bytes, end, bytes.length);
}
