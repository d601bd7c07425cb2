import { NO_VALUES, VALUES_PER_NAME, ValuesByName } from "./values.ts";

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/**
 * The values of one cookie in the Cookie fields of a request (RFC 6265, sections 4.2.1 and 5.4), in the order sent.
 * Names are compared with case, one pair of surrounding double quotes is stripped, nothing is decoded. A pair without
 * `=` has no name and is passed over. At most `VALUES_PER_NAME` values; none is the shared empty array.
 */
export function cookieValues(fieldValues: readonly string[], name: string): readonly string[] {
  let found: string[] | undefined;
  for (const text of fieldValues) {
    for (let start = 0; start < text.length; ) {
      const end = pairEnd(text, start);
      const equals = equalsSign(text, start, end);
      if (equals >= 0 && isName(text, start, equals, name)) {
        found ??= [];
        if (found.push(pairValue(text, equals + 1, end)) === VALUES_PER_NAME) return found;
      }
      start = end + 1;
    }
  }
  return found ?? NO_VALUES;
}

/** All cookies of a request by name: one pass, for whoever asks for many names. */
export function allCookies(fieldValues: readonly string[]): ValuesByName {
  const cookies = new ValuesByName();
  for (const text of fieldValues) {
    for (let start = 0; start < text.length; ) {
      const end = pairEnd(text, start);
      const equals = equalsSign(text, start, end);
      if (equals >= 0) {
        const name = text.slice(skipBlanks(text, start, equals), dropBlanks(text, start, equals));
        cookies.add(name, pairValue(text, equals + 1, end));
      }
      start = end + 1;
    }
  }
  return cookies;
}

function pairEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && text.charCodeAt(end) !== SEMICOLON) end++;
  return end;
}

/** -1 when the pair has none. Never looks past the pair, so that many pairs without one stay cheap. */
function equalsSign(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) if (text.charCodeAt(at) === EQUALS) return at;
  return -1;
}

function isName(text: string, start: number, end: number, name: string): boolean {
  const from = skipBlanks(text, start, end);
  return dropBlanks(text, from, end) - from === name.length && text.startsWith(name, from);
}

function pairValue(text: string, start: number, end: number): string {
  const from = skipBlanks(text, start, end);
  const to = dropBlanks(text, from, end);
  const quoted = to - from >= 2 && text.charCodeAt(from) === QUOTE && text.charCodeAt(to - 1) === QUOTE;
  return quoted ? text.slice(from + 1, to - 1) : text.slice(from, to);
}

/** The first place from `start` that is neither space nor tab. */
function skipBlanks(text: string, start: number, end: number): number {
  let from = start;
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  return from;
}

/** The end without the spaces and tabs before it. */
function dropBlanks(text: string, start: number, end: number): number {
  let to = end;
  while (to > start && isBlank(text.charCodeAt(to - 1))) to--;
  return to;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
