import type { Dice } from "./dice.ts";

/** Octets on which readers of HTTP have disagreed. */
const SPECIAL = Buffer.from('\r\n\0 \t:;,"\\%/.?#@=_-+0159aFxX\x0b\x0c\x1f\x7f\x80\xa0\xff', "latin1");
/** Mutations that are made in one go. */
const MOST_AT_ONCE = 6;
const LONGEST_MOVE = 64;

/** What mutations may put in besides octets. */
export interface Material {
  readonly dictionary: readonly Buffer[];
  /** Another input of the corpus. */
  other(): Buffer;
}

/** An input made of another one: a few changes of those that spoil messages, and of those that make longer ones. */
export function mutate(dice: Dice, input: Buffer, material: Material, maxBytes: number): Buffer {
  let octets = input;
  for (let i = dice.few(MOST_AT_ONCE); i > 0; i--) octets = change(dice, octets, material);
  return octets.length > maxBytes ? octets.subarray(0, maxBytes) : octets;
}

function change(dice: Dice, octets: Buffer, { dictionary, other }: Material): Buffer {
  const at = dice.below(octets.length + 1);
  const end = Math.min(octets.length, at + dice.few(LONGEST_MOVE));
  switch (dice.below(11)) {
    case 0:
      return splice(octets, at, at, Buffer.from([octetOf(dice)]));
    case 1:
      return splice(octets, at, Math.min(octets.length, at + 1), Buffer.from([octetOf(dice)]));
    case 2:
      return splice(octets, at, Math.min(octets.length, at + dice.few(4)), EMPTY);
    case 3:
      return splice(octets, at, end, EMPTY);
    case 4:
      return splice(octets, at, at, octets.subarray(at, end));
    case 5:
      return splice(octets, at, at, pieceOf(dice, octets));
    case 6:
      return splice(octets, at, end, pieceOf(dice, other()));
    case 7:
      return crossed(dice, octets, other());
    case 8:
      return withLineMoved(dice, octets);
    default:
      return splice(octets, at, at + (dice.oneIn(3) ? end - at : 0), wordOf(dice, dictionary));
  }
}

const EMPTY = Buffer.alloc(0);

function splice(octets: Buffer, from: number, to: number, put: Uint8Array): Buffer {
  return Buffer.concat([octets.subarray(0, from), put, octets.subarray(to)]);
}

function octetOf(dice: Dice): number {
  return dice.oneIn(4) ? dice.below(256) : dice.of([...SPECIAL]);
}

function wordOf(dice: Dice, dictionary: readonly Buffer[]): Buffer {
  return dictionary.length === 0 ? EMPTY : dice.of(dictionary);
}

function pieceOf(dice: Dice, octets: Buffer): Buffer {
  const at = dice.below(octets.length + 1);
  return octets.subarray(at, at + dice.few(LONGEST_MOVE));
}

/** The beginning of one and the end of another. */
function crossed(dice: Dice, octets: Buffer, other: Buffer): Buffer {
  const from = dice.below(octets.length + 1);
  const to = dice.below(other.length + 1);
  return Buffer.concat([octets.subarray(0, from), other.subarray(to)]);
}

/** A line goes elsewhere, or is there twice: what fields mean must not depend on what octet mutations can reach. */
function withLineMoved(dice: Dice, octets: Buffer): Buffer {
  const lines = octets.toString("latin1").split(/(?<=\n)/);
  const line = dice.below(lines.length);
  const taken = dice.oneIn(2) ? lines.splice(line, 1) : lines.slice(line, line + 1);
  lines.splice(dice.below(lines.length + 1), 0, ...taken);
  return Buffer.from(lines.join(""), "latin1");
}
