import { hexDigit } from "./octets.ts";
import { NO_VALUES, VALUES_PER_NAME, ValuesByName } from "./values.ts";

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const PERCENT = 0x25;
const PLUS = 0x2b;

/**
 * The values of one parameter of a query, decoded as application/x-www-form-urlencoded (URL standard, section 5.1),
 * in the order sent. A parameter without `=` has the value "". At most `VALUES_PER_NAME` values; none is the shared
 * empty array.
 */
export function queryValues(rawQuery: string, name: string): readonly string[] {
  let found: string[] | undefined;
  for (let start = 0; start < rawQuery.length; ) {
    const end = parameterEnd(rawQuery, start);
    const equals = equalsSign(rawQuery, start, end);
    if (end > start && isName(rawQuery, start, equals, name)) {
      found ??= [];
      if (found.push(decode(rawQuery, equals + 1, end)) === VALUES_PER_NAME) return found;
    }
    start = end + 1;
  }
  return found ?? NO_VALUES;
}

/** All parameters of a query by name: one pass, for whoever asks for many names. */
export function allQueryValues(rawQuery: string): ValuesByName {
  const parameters = new ValuesByName();
  for (let start = 0; start < rawQuery.length; ) {
    const end = parameterEnd(rawQuery, start);
    const equals = equalsSign(rawQuery, start, end);
    if (end > start) parameters.add(decode(rawQuery, start, equals), decode(rawQuery, equals + 1, end));
    start = end + 1;
  }
  return parameters;
}

function parameterEnd(query: string, start: number): number {
  let end = start;
  while (end < query.length && query.charCodeAt(end) !== AMPERSAND) end++;
  return end;
}

/** Where the name ends: at the first `=`, or with the parameter. */
function equalsSign(query: string, start: number, end: number): number {
  let at = start;
  while (at < end && query.charCodeAt(at) !== EQUALS) at++;
  return at;
}

function isName(query: string, start: number, end: number, name: string): boolean {
  if (needsDecoding(query, start, end)) return decode(query, start, end) === name;
  return end - start === name.length && query.startsWith(name, start);
}

function decode(query: string, start: number, end: number): string {
  return needsDecoding(query, start, end) ? decodeBytes(query, start, end) : query.slice(start, end);
}

function needsDecoding(query: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = query.charCodeAt(at);
    if (code === PERCENT || code === PLUS) return true;
  }
  return false;
}

/** Through bytes and not `decodeURIComponent`, which throws on invalid UTF-8: a peer could have us throw all day. */
function decodeBytes(query: string, start: number, end: number): string {
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    const code = query.charCodeAt(at);
    const byte = code === PERCENT ? encodedByte(query, at, end) : -1;
    if (byte >= 0) at += 2;
    bytes[length++] = byte >= 0 ? byte : code === PLUS ? 0x20 : code;
  }
  return bytes.toString("utf8", 0, length);
}

/** The byte that `%XX` at this place stands for; -1 when two hex digits do not follow. */
function encodedByte(text: string, percent: number, end: number = text.length): number {
  if (percent + 2 >= end) return -1;
  const high = hexDigit(text.charCodeAt(percent + 1));
  const low = hexDigit(text.charCodeAt(percent + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}
