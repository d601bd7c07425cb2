import fc from "fast-check";

/**
 * Messages to the grammar of RFC 9112, as text: one character is one octet. What they mean is known from how they were
 * put together, and need not be read.
 */

/** A request, and what a server has to get of it. */
export interface MadeRequest {
  readonly text: string;
  readonly method: string;
  /** In origin-form, as it has to be sent. */
  readonly target: string;
  readonly content: string;
}

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const VALUE = `${TOKEN}"(),/:;<=>?@[]{}\\ \t\x80\xe4\xff`;

function textOf(alphabet: string, least: number, most: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...alphabet), minLength: least, maxLength: most });
}

const blanks = textOf(" \t", 0, 2);
/** Names that mean nothing to a proxy. */
const ordinaryName = fc.oneof(
  fc.constantFrom("Accept", "User-Agent", "Cookie", "X-A", "Content-Type", "Via"),
  textOf(TOKEN, 1, 8).map((name) => `X-${name}`),
);
/** Whitespace around a value is no part of it, and may be any. */
const ordinaryField = fc
  .tuple(ordinaryName, blanks, textOf(VALUE, 0, 12), blanks)
  .map(([name, before, value, after]) => `${name}:${before}${value.trim()}${after}\r\n`)
  .filter((line) => !/^x[-_](?:forwarded|real|request)/i.test(line));

const segment = textOf("abcXYZ019-._~!$&'()*+,;=:@", 0, 6).filter((text) => !/^\.{1,2}$/.test(text));
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join("/")}`);
const query = fc
  .option(textOf("ab=&?/%2", 0, 8), { nil: undefined })
  .map((text) => (text === undefined ? "" : `?${text}`));
const host = fc.constantFrom("a.example", "A.example:80", "[::1]:8080", "192.0.2.1");

const extension = fc.constantFrom("", "", ";a", ";a=b", ';a="b;\\"c"');
const octets = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString("latin1"));
const trailer = fc.constantFrom("", "", "X-T: y\r\n", "X-T:\r\nX-U: z \r\n", "Date: x\r\nX-T: y\r\nvia:\r\n");

interface MadeBody {
  readonly field: string;
  readonly body: string;
  readonly content: string;
}

const noBody: fc.Arbitrary<MadeBody> = fc.constant({ field: "", body: "", content: "" });
const withLength: fc.Arbitrary<MadeBody> = octets.map((content) => ({
  field: `Content-Length: ${content.length}\r\n`,
  body: content,
  content,
}));
const inChunks: fc.Arbitrary<MadeBody> = fc
  .tuple(fc.array(fc.tuple(octets, extension), { maxLength: 3 }), extension, trailer)
  .map(([chunks, lastExtension, trailers]) => {
    const full = chunks.filter(([data]) => data.length > 0);
    const pieces = full.map(([data, ext]) => `${data.length.toString(16)}${ext}\r\n${data}\r\n`);
    return {
      field: "Transfer-Encoding: chunked\r\n",
      body: `${pieces.join("")}0${lastExtension}\r\n${trailers}\r\n`,
      content: full.map(([data]) => data).join(""),
    };
  });

/** A request of HTTP/1.1 that keeps its connection. */
export const request: fc.Arbitrary<MadeRequest> = fc
  .record({
    method: fc.constantFrom("GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"),
    path,
    query,
    host,
    absolute: fc.nat(3).map((n) => n === 0),
    fields: fc.array(ordinaryField, { maxLength: 6 }),
    hostAt: fc.nat(6),
    body: fc.oneof(noBody, withLength, inChunks),
  })
  .map(({ method, path, query, host, absolute, fields, hostAt, body }) => {
    const target = path + query;
    const lines = [...fields.slice(0, hostAt), `Host: ${host}\r\n`, ...fields.slice(hostAt), body.field];
    const line = `${method} ${absolute ? `http://${host}` : ""}${target} HTTP/1.1\r\n`;
    return { text: `${line}${lines.join("")}\r\n${body.body}`, method, target, content: body.content };
  });

/** Requests one behind the other on one connection. */
export const pipeline = fc.array(request, { minLength: 1, maxLength: 6 });

/** Where a text of a length is cut, as parts of it. */
export const split = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** The pieces of a text that is cut so. */
export function piecesBy(text: string, at: readonly number[]): Buffer[] {
  const whole = Buffer.from(text, "latin1");
  const cuts = at.map((part) => Math.floor(part * whole.length)).sort((a, b) => a - b);
  const ends = [...cuts, whole.length];
  return ends
    .map((end, i) => whole.subarray(i === 0 ? 0 : (ends[i - 1] as number), end))
    .filter(({ length }) => length > 0);
}

/** What is put into a message, or over a part of it. */
export const harm = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  gone: fc.nat(3),
  put: fc.constantFrom(
    ..."\r\n\0\t :;,\x0b\x7f\x80\xff".split(""),
    "",
    "\r\n",
    "\n",
    "\r\n ",
    "\r\n\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length: +5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\x0bchunked\r\n",
    "Host: b\r\n",
    "Connection: close, content-length, host\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "0\r\n\r\n",
    "5;\r\n",
    "ffffffffffffffff\r\n",
  ),
});

export function harmed(text: string, { at, gone, put }: { at: number; gone: number; put: string }): string {
  const from = Math.floor(at * (text.length + 1));
  return text.slice(0, from) + put + text.slice(from + gone);
}
