import { RE2JS } from "re2js";

/** A regular expression of an operator's, compiled. Decides in time linear in the value's length. */
export interface Expression {
  /** Whether it matches anywhere in the value; `^` and `$` tie it to the ends. */
  test(value: string): boolean;
}

/** A literal text that a value must have to match an expression. */
export interface NecessaryText {
  readonly kind: "equal" | "prefix" | "suffix" | "contains";
  readonly value: string;
}

/** Below this a text found in the middle of a value says too little to be worth looking for. */
const SHORTEST_INNER_TEXT = 3;

/** RE2 syntax: no backreferences, no look-around. Throws with what is wrong when the source is not that. */
export function compileExpression(source: string): Expression {
  return RE2JS.compile(source);
}

/** What is wrong with the source of an expression; undefined when nothing is. */
export function expressionMistake(source: string): string | undefined {
  try {
    compileExpression(source);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Literal texts without which the expression cannot match: by them its rule is found in the index, and the
 * expression runs only when it has a chance. Reads plain concatenations; of what it is not sure about (alternatives
 * at the top, flags, rare escapes) it claims nothing, which is always right. Expects a source that compiles.
 */
export function necessaryTexts(source: string): readonly NecessaryText[] {
  const pieces = readPieces(source);
  if (pieces === undefined) return [];
  const { runs, fromStart, toEnd } = pieces;
  const first = runs[0] ?? "";
  const last = runs[runs.length - 1] ?? "";
  if (fromStart && toEnd && runs.length === 1) return [{ kind: "equal", value: first }];
  const texts: NecessaryText[] = [];
  if (fromStart && first !== "") texts.push({ kind: "prefix", value: first });
  if (toEnd && last !== "") texts.push({ kind: "suffix", value: last });
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest.length >= SHORTEST_INNER_TEXT) texts.push({ kind: "contains", value: longest });
  return texts;
}

interface Pieces {
  /** Literal stretches in order; between two of them stands something that is not literal. */
  readonly runs: readonly string[];
  readonly fromStart: boolean;
  readonly toEnd: boolean;
}

/** One step of reading: how far it went, and the literal character it read, "" for anything else. */
interface Atom {
  readonly end: number;
  readonly literal: string;
}

function readPieces(source: string): Pieces | undefined {
  const fromStart = source.startsWith("^");
  const runs = [""];
  let at = fromStart ? 1 : 0;
  while (at < source.length) {
    if (source[at] === "$" && at === source.length - 1) return { runs, fromStart, toEnd: true };
    const atom = readAtom(source, at);
    if (atom === undefined) return undefined;
    const end = quantifierEnd(source, atom.end);
    if (end === undefined) return undefined;
    if (atom.literal !== "" && end === atom.end) runs[runs.length - 1] += atom.literal;
    else runs.push("");
    at = end;
  }
  return { runs, fromStart, toEnd: false };
}

/** Undefined: this reader does not know what the characters mean, or they change the meaning of others. */
function readAtom(source: string, at: number): Atom | undefined {
  const character = source[at] as string;
  if (character === "\\") return readEscape(source, at);
  if (character === "[") return opaqueUntil(classEnd(source, at));
  if (character === "(") return isPlainGroup(source, at) ? opaqueUntil(groupEnd(source, at)) : undefined;
  if (character === ".") return { end: at + 1, literal: "" };
  if ("|)^$*+?{".includes(character)) return undefined;
  return { end: at + 1, literal: isAscii(character) ? character : "" };
}

function readEscape(source: string, at: number): Atom | undefined {
  const escaped = source[at + 1] ?? "";
  if ("dDwWsSbB".includes(escaped)) return { end: at + 2, literal: "" };
  const isPunctuation = isAscii(escaped) && !/[A-Za-z0-9]/.test(escaped);
  return isPunctuation ? { end: at + 2, literal: escaped } : undefined;
}

function opaqueUntil(end: number | undefined): Atom | undefined {
  return end === undefined ? undefined : { end, literal: "" };
}

/** A group without a `?` after the parenthesis, or `(?:`: it leaves the flags as they are. */
function isPlainGroup(source: string, at: number): boolean {
  return source[at + 1] !== "?" || source[at + 2] === ":";
}

function groupEnd(source: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at];
    if (character === "\\" && /[QpPxC]/.test(source[at + 1] ?? "")) return undefined;
    if (character === "\\") at++;
    else if (character === "(") depth++;
    else if (character === "[") at = (classEnd(source, at) ?? source.length) - 1;
    else if (character === ")" && --depth === 0) return at + 1;
  }
  return undefined;
}

/** A `]` right after the opening bracket is a member; a class in the class (`[:digit:]`) is left to the expert. */
function classEnd(source: string, start: number): number | undefined {
  let at = start + (source[start + 1] === "^" ? 2 : 1);
  if (source[at] === "]") at++;
  for (; at < source.length; at++) {
    if (source[at] === "[") return undefined;
    if (source[at] === "\\") at++;
    else if (source[at] === "]") return at + 1;
  }
  return undefined;
}

/** Past `*`, `+`, `?`, `{2,5}` and their lazy forms; undefined for a brace that might be a literal one. */
function quantifierEnd(source: string, start: number): number | undefined {
  let at = start;
  while (at < source.length && "*+?{".includes(source[at] as string)) {
    if (source[at] !== "{") at++;
    else {
      const close = source.indexOf("}", at);
      if (close < 0 || !/^[0-9]+(,[0-9]*)?$/.test(source.slice(at + 1, close))) return undefined;
      at = close + 1;
    }
  }
  return at;
}

function isAscii(character: string): boolean {
  return character !== "" && character.charCodeAt(0) < 0x80;
}
