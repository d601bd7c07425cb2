import {
  type Field,
  membersOf,
  type Reading,
  type RequestMessage,
  type ResponseMessage,
  valuesOf,
} from "./message.ts";

/**
 * RFC 9112 written down a second time, without a look at Shunt's own reader: slow, of regular expressions, and to the
 * letter. What this one calls malformed, Shunt must not forward; what Shunt forwards must be what this one reads.
 */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.([0-9])$`);
const STATUS_LINE = /^HTTP\/1\.([0-9]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*$`);
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`^([0-9a-fA-F]+)((?:${EXTENSION})*)$`);
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?$/i;
/** Sizes beyond this are as good as wrong: two readers would not count alike. */
const MOST_OCTETS = Number.MAX_SAFE_INTEGER;

interface Head {
  readonly start: RegExpExecArray;
  readonly fields: readonly Field[];
  readonly end: number;
}

interface Body {
  readonly content: string;
  readonly trailers: readonly Field[];
  readonly end: number;
}

type Part<T> = T | { readonly is: "incomplete" } | { readonly is: "malformed"; readonly why: string };

const INCOMPLETE = Object.freeze({ is: "incomplete" } as const);

function malformed(why: string): { readonly is: "malformed"; readonly why: string } {
  return { is: "malformed", why };
}

/** Empty lines that may stand before a request; one is enough for the RFC. */
const EMPTY_LINES = 8;

/** The request at `from`. Empty lines before it are none of it (RFC 9112 section 2.2). */
export function readRequest(text: string, from = 0): Reading<RequestMessage> {
  let at = from;
  while (text.startsWith("\r\n", at)) at += 2;
  if (at - from > EMPTY_LINES * 2) return malformed("empty lines");
  const head = readHead(text, at, REQUEST_LINE);
  if ("is" in head) return head;
  const [, method = "", target = "", digit = ""] = head.start;
  const request = { method, target, minor: minorOf(digit), fields: head.fields };
  const wrong = hostOffence(request) ?? lengthOffence(request.fields, request.minor);
  if (wrong !== undefined) return malformed(wrong);
  const body = readRequestBody(text, head);
  if ("is" in body) return body;
  const { content, trailers, end } = body;
  return { is: "message", message: { ...request, content, trailers }, end };
}

/** The response at `from` to a request with `method`. `ended`: nothing comes behind `text`. */
export function readResponse(
  text: string,
  method: string,
  ended: boolean,
  from = 0,
): Reading<ResponseMessage> {
  const head = readHead(text, from, STATUS_LINE);
  if ("is" in head) return head;
  const [, digit = "", code, reason = ""] = head.start;
  const status = Number(code);
  const minor = minorOf(digit);
  const wrong = lengthOffence(head.fields, minor);
  if (wrong !== undefined) return malformed(wrong);
  const body = readResponseBody(text, head, method === "HEAD", status, ended);
  if ("is" in body) return body;
  const { content, trailers, end } = body;
  const response = { status, reason, minor, fields: head.fields };
  return { is: "message", message: { ...response, body: content, trailers }, end };
}

/** The chunked body at `from` (RFC 9112 section 7.1). */
export function readChunked(text: string, from = 0): Part<Body> {
  let content = "";
  for (let at = from; ; ) {
    const line = readLine(text, at);
    if (line === undefined) return lineOffence(text, at) ?? INCOMPLETE;
    const [, digits] = CHUNK_LINE.exec(line) ?? [];
    const size = Number.parseInt(digits ?? "", 16);
    if (digits === undefined || size > MOST_OCTETS) return malformed("chunk line");
    at += line.length + 2;
    if (size === 0) return readTrailers(text, at, content);
    const behind = text.slice(at + size, at + size + 2);
    if (!"\r\n".startsWith(behind)) return malformed("no line end behind a chunk");
    if (behind.length < 2) return INCOMPLETE;
    content += text.slice(at, at + size);
    at += size + 2;
  }
}

/** Whether the connection may carry another message behind this one (RFC 9112 section 9.3). */
export function persists({ minor, fields }: Pick<RequestMessage, "minor" | "fields">): boolean {
  const options = membersOf(fields, "connection");
  if (options.includes("close")) return false;
  return minor === 1 || options.includes("keep-alive");
}

/** A later minor version is read as the latest that is known (RFC 9110 section 2.5). */
function minorOf(digit: string): number {
  return Math.min(Number(digit), 1);
}

function readTrailers(text: string, from: number, content: string): Part<Body> {
  const section = readFieldLines(text, from);
  return "is" in section ? section : { content, trailers: section.fields, end: section.end };
}

function readHead(text: string, from: number, startLine: RegExp): Part<Head> {
  const line = readLine(text, from);
  if (line === undefined) return lineOffence(text, from) ?? INCOMPLETE;
  const start = startLine.exec(line);
  if (start === null) return malformed("start line");
  const section = readFieldLines(text, from + line.length + 2);
  return "is" in section ? section : { start, ...section };
}

function readFieldLines(text: string, from: number): Part<{ fields: readonly Field[]; end: number }> {
  const fields: Field[] = [];
  for (let at = from; ; ) {
    const line = readLine(text, at);
    if (line === undefined) return lineOffence(text, at) ?? INCOMPLETE;
    at += line.length + 2;
    if (line === "") return { fields, end: at };
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return malformed("field line");
    fields.push([name, value]);
  }
}

/** Up to the next CR LF; undefined when there is none. A CR or LF of its own then lies in the line, and fits nothing. */
function readLine(text: string, from: number): string | undefined {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? undefined : text.slice(from, end);
}

/** What can be said of a line whose end is missing: no line end is anything but CR LF. */
function lineOffence(text: string, from: number): { is: "malformed"; why: string } | undefined {
  return /\n|\r[^\n]/.test(text.slice(from)) ? malformed("line end") : undefined;
}

/** One Host, unless it is HTTP/1.0, and of its form; with an absolute-form target it agrees (RFC 9112 section 3.2). */
function hostOffence({
  target,
  minor,
  fields,
}: Omit<RequestMessage, "content" | "trailers">): string | undefined {
  const hosts = valuesOf(fields, "host");
  if (hosts.length > 1) return "several Hosts";
  if (hosts.length === 0 && minor === 1) return "no Host";
  const [host = ""] = hosts;
  if (!HOST.test(host)) return "Host";
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(target) ?? [];
  const agrees = authority === undefined || hosts.length === 0 || plain(authority) === plain(host);
  return agrees ? undefined : "Host differs from the target";
}

/** An authority without its default port, in lower case. */
function plain(authority: string): string {
  return authority.toLowerCase().replace(/:(?:80)?$/, "");
}

/** One length at most, and of its form (RFC 9112 sections 6.1 to 6.3). */
function lengthOffence(fields: readonly Field[], minor: number): string | undefined {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (lengths.length > 0 && codings.length > 0) return "two lengths";
  if (lengths.length > 1 || codings.length > 1) return "a length repeated";
  if (codings.length > 0 && minor === 0) return "Transfer-Encoding in HTTP/1.0";
  if (codings.some((coding) => coding.toLowerCase() !== "chunked")) return "Transfer-Encoding";
  if (lengths.some((length) => !/^[0-9]+$/.test(length) || Number(length) > MOST_OCTETS))
    return "Content-Length";
  return undefined;
}

function readRequestBody(text: string, { fields, end }: Head): Part<Body> {
  if (valuesOf(fields, "transfer-encoding").length > 0) return readChunked(text, end);
  return readLength(text, end, Number(valuesOf(fields, "content-length")[0] ?? 0));
}

/** RFC 9112 section 6.3. */
function readResponseBody(
  text: string,
  { fields, end }: Head,
  toHead: boolean,
  status: number,
  ended: boolean,
): Part<Body> {
  if (toHead || status < 200 || status === 204 || status === 304) return readLength(text, end, 0);
  if (valuesOf(fields, "transfer-encoding").length > 0) return readChunked(text, end);
  const [length] = valuesOf(fields, "content-length");
  if (length !== undefined) return readLength(text, end, Number(length));
  return ended ? { content: text.slice(end), trailers: [], end: text.length } : INCOMPLETE;
}

function readLength(text: string, from: number, length: number): Part<Body> {
  if (text.length < from + length) return INCOMPLETE;
  return { content: text.slice(from, from + length), trailers: [], end: from + length };
}
