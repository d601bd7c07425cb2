import type { AffixSieve } from "./affix-sieve.ts";
import type { Found } from "./found.ts";
import { placeOf } from "./hash.ts";

/** What lies in a slot, in this order. A free one has no text. */
const HASH = 0;
const TEXT = 1;
const FOUND = 2;
const SLOT = 3;

/**
 * What all text indexes over one set of rules look at while they are asked, side by side.
 *
 * Among 100,000 rules a decision waits for memory. So a small index, such as that of the paths of one host, has its
 * numbers and its table together, and in the table no objects: from a value to what is found by it lie two places that
 * no cache has, the slot and the characters of its text. With a Map they are five, with objects of one's own ten.
 */
export type Memory = (number | string | Found | AffixSieve | undefined)[];

/** Makes room for so many texts behind all that is there, and tells where. At most half of its slots are taken. */
export function newTable(memory: Memory, texts: number): number {
  const bits = Math.ceil(Math.log2(texts)) + 1;
  const table = memory.push(32 - bits) - 1;
  for (let cell = 0; cell < 2 ** bits * SLOT; cell++) memory.push(undefined);
  return table;
}

/** `text` must not be in the table. */
export function addText(memory: Memory, table: number, hash: number, text: string, found: Found): void {
  const shift = memory[table] as number;
  let slot = placeOf(hash, shift);
  while (memory[cellOf(table, slot) + TEXT] !== undefined) slot = next(slot, shift);
  const cell = cellOf(table, slot);
  memory[cell + HASH] = hash;
  memory[cell + TEXT] = text;
  memory[cell + FOUND] = found;
}

/** What was added with this hash for the text. */
export function findText(memory: Memory, table: number, hash: number, text: string): Found | undefined {
  const shift = memory[table] as number;
  for (let slot = placeOf(hash, shift); ; slot = next(slot, shift)) {
    const cell = cellOf(table, slot);
    const known = memory[cell + TEXT];
    if (known === undefined) return undefined;
    if (memory[cell + HASH] === hash && known === text) return memory[cell + FOUND] as Found;
  }
}

/** What was added with this hash for the text that the value has between two places. */
export function findPart(
  memory: Memory,
  table: number,
  hash: number,
  value: string,
  from: number,
  to: number,
): Found | undefined {
  const shift = memory[table] as number;
  for (let slot = placeOf(hash, shift); ; slot = next(slot, shift)) {
    const cell = cellOf(table, slot);
    const text = memory[cell + TEXT];
    if (text === undefined) return undefined;
    // `slice` and a comparison take half of what `startsWith` takes, and hardly any value but the text itself gets here
    if (memory[cell + HASH] === hash && text === value.slice(from, to)) return memory[cell + FOUND] as Found;
  }
}

/** The first cell of a table has its shift. */
function cellOf(table: number, slot: number): number {
  return table + 1 + slot * SLOT;
}

function next(slot: number, shift: number): number {
  return (slot + 1) & (0xffff_ffff >>> shift);
}
