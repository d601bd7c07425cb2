import { addValue, NO_VALUES, VALUES_PER_NAME } from "./values.ts";

/** A request target in its parts (RFC 9112, section 3.2). */
export interface Target {
  /** What an absolute-form or authority-form target names; undefined for the other forms. */
  readonly authority: string | undefined;
  /** As it was sent; `*` of the asterisk-form stays, and authority-form has none. */
  readonly path: string;
  /** After the first `?`, without it; empty when there is none. */
  readonly query: string;
}

/** Splits a target that framing has accepted. Cuts only; nothing is decoded or checked. */
export function splitTarget(target: string): Target {
  if (target.startsWith("/")) return splitQuery(undefined, target);
  if (target === "*") return { authority: undefined, path: "*", query: "" };
  const scheme = target.indexOf("://");
  if (scheme < 0) return { authority: target, path: "", query: "" };
  const end = authorityEnd(target, scheme + 3);
  return splitQuery(target.slice(scheme + 3, end), target.slice(end));
}

function splitQuery(authority: string | undefined, rest: string): Target {
  const mark = rest.indexOf("?");
  if (mark < 0) return { authority, path: rest, query: "" };
  return { authority, path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

function authorityEnd(target: string, start: number): number {
  const slash = target.indexOf("/", start);
  const mark = target.indexOf("?", start);
  const first = slash < 0 ? mark : mark < 0 ? slash : Math.min(slash, mark);
  return first < 0 ? target.length : first;
}

/**
 * The path that rules are compared with. It is never sent: the server gets the bytes that the client sent.
 *
 * Two spellings that RFC 3986 calls equivalent must not go to different classes, so percent-encoded unreserved
 * characters are decoded and the hex digits of the others are put in upper case (section 6.2.2), then dot segments
 * are removed (section 5.2.4). In this order, because `%2e%2e` is `..` to a server. Each `%` is decoded once, `%2F`
 * stays apart from `/`, empty segments stay, and what is no valid encoding stays as it is. An empty path is `/`.
 */
export function pathForMatching(rawPath: string): string {
  if (rawPath === "") return "/";
  const path = normalisePercent(rawPath);
  return path.includes("/.") ? withoutDotSegments(path) : path;
}

/** The percent-encoding part of `pathForMatching`: what a path, or a part of one, in a rule needs. */
export function normalisePercent(text: string): string {
  let percent = text.indexOf("%");
  if (percent < 0) return text;
  let out = "";
  let kept = 0;
  for (; percent >= 0; percent = text.indexOf("%", percent)) {
    const byte = encodedByte(text, percent);
    if (byte < 0) {
      percent++;
      continue;
    }
    out += text.slice(kept, percent);
    out += isUnreserved(byte) ? String.fromCharCode(byte) : text.slice(percent, percent + 3).toUpperCase();
    percent += 3;
    kept = percent;
  }
  return out + text.slice(kept);
}

/** RFC 3986, section 5.2.4, on an absolute path: one pass over its segments. */
function withoutDotSegments(path: string): string {
  if (!path.startsWith("/")) return path;
  const kept: string[] = [];
  const segments = path.slice(1).split("/");
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    // what ends in a dot segment names a directory, so the slash before it stays
    else if (index === last) kept.push("");
  }
  return `/${kept.join("/")}`;
}

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
export function allQueryValues(rawQuery: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (let start = 0; start < rawQuery.length; ) {
    const end = parameterEnd(rawQuery, start);
    const equals = equalsSign(rawQuery, start, end);
    if (end > start) addValue(parameters, decode(rawQuery, start, equals), decode(rawQuery, equals + 1, end));
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

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** RFC 3986, section 2.3: letters, digits, `-`, `.`, `_`, `~`. */
function isUnreserved(code: number): boolean {
  const lower = code | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  if (code >= 0x30 && code <= 0x39) return true;
  return code === 0x2d || code === 0x2e || code === 0x5f || code === 0x7e;
}
