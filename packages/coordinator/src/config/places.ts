import { formatMistake, type Path } from "@shunt/core/config/resolving";

/** Where in a file something stands, as editors count: both from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A mistake that a person can go to. */
export interface PlacedMistake {
  /** As the caller named it. */
  readonly file: string;
  /** Undefined when the file as a whole is meant, as when it cannot be read. */
  readonly place: Place | undefined;
  readonly path: Path;
  readonly problem: string;
  readonly expected?: string;
}

/** `file:line:column: what is wrong; expected what would be right`. */
export function formatPlaced(mistake: PlacedMistake): string {
  const { file, place } = mistake;
  const where = place === undefined ? file : `${file}:${place.line}:${place.column}`;
  return `${where}: ${formatMistake(mistake)}`;
}

/** What is wrong with a text before anything in it has a meaning. */
export interface SyntaxMistake {
  readonly place: Place;
  readonly problem: string;
  readonly expected?: string;
}

/** A configuration as it was read from a file: its value, and where everything in it stands. */
export type Source =
  | { readonly ok: true; readonly value: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly mistakes: readonly SyntaxMistake[] };

/** The place of a key or of the value under it; the nearest known one around it when it has none. */
export type Locate = (path: Path, at: "key" | "value") => Place;

/** A value in the text. Children are looked up when they are asked for: aliases and names may refer in circles. */
export interface SourceNode {
  /** Offset of the first character. */
  readonly start: number;
  /** Undefined: there is no such child. */
  child(key: string | number): SourceChild | typeof COMPUTED | undefined;
}

export interface SourceChild {
  /** Offset of the key; of the value itself in a list. */
  readonly key: number;
  readonly value: SourceNode | typeof COMPUTED;
}

/** Stands for what only running the file can tell. */
export const COMPUTED = "computed";

/** A value without children. */
export function leaf(start: number): SourceNode {
  return { start, child: () => undefined };
}

/** Walks from the root as far as the text goes. What is computed has the place `computed`, whatever is under it. */
export function locator(text: string, root: SourceNode | typeof COMPUTED, computed = 0): Locate {
  const lines = lineStarts(text);
  return (path, at) => placeOf(lines, offsetOf(root, path, at) ?? computed);
}

function offsetOf(root: SourceChild["value"], path: Path, at: "key" | "value"): number | undefined {
  let node = root;
  for (const [depth, key] of path.entries()) {
    if (node === COMPUTED) return undefined;
    const child = node.child(key);
    if (child === COMPUTED) return undefined;
    // A key that is not there is missed by the object around it.
    if (child === undefined) return node.start;
    if (at === "key" && depth === path.length - 1) return child.key;
    node = child.value;
  }
  return node === COMPUTED ? undefined : node.start;
}

/** Offsets at which lines begin. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
  return starts;
}

function placeOf(starts: readonly number[], offset: number): Place {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

export function placeAt(text: string, offset: number): Place {
  return placeOf(lineStarts(text), offset);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
