import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sentOn } from "./body.ts";
import { ChunkedBody } from "./chunked-body.ts";

const LIMITS = Object.freeze({ chunkExtensionBytes: 256, trailerBytes: 256, fields: 8 });
const RUNS = { numRuns: 1_000 };

const octets = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((data) => Buffer.from(data).toString("latin1"));
/** Of the same size in several spellings. */
const size = (length: number) =>
  fc
    .tuple(fc.oneof(fc.nat(3), fc.nat(28)), fc.boolean())
    .map(
      ([zeros, upper]) =>
        "0".repeat(zeros) + (upper ? length.toString(16).toUpperCase() : length.toString(16)),
    );
const extension = fc.constantFrom("", "", ";a", ";a=b;c", ';a="b;\\"\\\\ \t\xff"');
const chunk = octets.chain((data) =>
  fc
    .tuple(size(data.length), extension)
    .map(([digits, more]) => ({ data, text: `${digits}${more}\r\n${data}\r\n` })),
);
/** Lines of trailers, and whether they are sent on. */
const trailer = fc.oneof(
  fc
    .constantFrom("X-Sum: 1", "X-Sum:", "X-Other: \x80 \t", "Dates: 1")
    .map((line) => ({ line, stays: true })),
  fc
    .constantFrom("Date: 1", "x_forwarded_for:", "VIA: \xff", "Set-Cookie: a=b")
    .map((line) => ({ line, stays: false })),
);
const trailers = fc.array(trailer, { maxLength: 6 });
const textOf = (lines: readonly { readonly line: string }[]): string =>
  lines.map(({ line }) => `${line}\r\n`).join("");

/** A chunked body, what it says, and what is sent on behind its last chunk. */
const body = fc
  .tuple(fc.array(chunk, { maxLength: 5 }), size(0), extension, trailers)
  .map(([chunks, zero, last, lines]) => ({
    data: chunks.map(({ data }) => data).join(""),
    text: `${chunks.map(({ text }) => text).join("")}${zero}${last}\r\n${textOf(lines)}\r\n`,
    lastSent: `\r\n${textOf(lines.filter(({ stays }) => stays))}\r\n`,
  }));
const rest = fc.constantFrom("", "G", "\r\n", "GET / HTTP/1.1\r\n", "0\r\n\r\n");
const parts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });

/** Feeds a text in pieces, as far as it is taken. */
function feed(text: string, at: readonly number[]) {
  const whole = Buffer.from(text, "latin1");
  let data = "";
  const chunked = new ChunkedBody(LIMITS, (bytes, from, to) => {
    data += Buffer.from(bytes.subarray(from, to)).toString("latin1");
  });
  const cuts = at.map((part) => Math.floor(part * whole.length)).sort((a, b) => a - b);
  let taken = 0;
  let sent = "";
  let from = 0;
  for (const to of [...cuts, whole.length]) {
    if (chunked.done || chunked.fault !== undefined) break;
    const length = chunked.take(whole, from, to);
    sent += sentOn(chunked, whole, from, length).latin1Slice();
    taken += length;
    from = to;
  }
  const { done, fault } = chunked;
  return { done, fault, ...(fault === undefined ? { data, taken, sent } : {}) };
}

describe("ChunkedBody.take()", () => {
  test("finds data and end of each well-formed body at any split, and takes nothing behind it", () => {
    fc.assert(
      fc.property(body, rest, parts, ({ data, text }, more, at) => {
        const got = feed(text + more, at);
        expect(got).toMatchObject({ done: true, fault: undefined, data, taken: text.length });
      }),
      RUNS,
    );
  });

  test("sends on the same at any split: a body that says the same, with the trailers that may be any", () => {
    fc.assert(
      fc.property(body, parts, ({ data, text, lastSent }, at) => {
        const { sent = "" } = feed(text, at);
        expect(sent).toBe(feed(text, []).sent);
        expect(feed(sent, at)).toEqual({ done: true, fault: undefined, data, taken: sent.length, sent });
        expect(sent.endsWith(`0${lastSent}`)).toBe(true);
      }),
      RUNS,
    );
  });

  test("is done with no beginning of a body", () => {
    fc.assert(
      fc.property(body, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ text }, part) => {
        expect(feed(text.slice(0, Math.floor(part * text.length)), [])).toMatchObject({
          done: false,
          fault: undefined,
        });
      }),
      RUNS,
    );
  });

  test("says the same of a spoiled body at any split", () => {
    const harm = fc.constantFrom("\r", "\n", "\r\n", "\0", " ", ";", "g", "f", "0", ":", "-", "\x80", "");
    fc.assert(
      fc.property(
        body,
        fc.double({ min: 0, max: 1, noNaN: true }),
        harm,
        parts,
        ({ text }, part, put, at) => {
          const from = Math.floor(part * text.length);
          const spoiled = text.slice(0, from) + put + text.slice(from + 1);
          expect(feed(spoiled, at)).toEqual(feed(spoiled, []));
        },
      ),
      RUNS,
    );
  });

  test("never ends where one line end of it is not CR LF", () => {
    const plain = octets.map((data) => data.replaceAll(/[\r\n]/g, "x"));
    const lines = fc.tuple(fc.array(plain, { maxLength: 4 }), trailers).map(([all, more]) => {
      const chunks = all.map((data) => `${data.length.toString(16)};a\r\n${data}\r\n`);
      return `${chunks.join("")}0\r\n${textOf(more)}\r\n`.split("\r\n");
    });
    const wrong = fc.constantFrom("\n", "\r", "\r\r", "\n\r", "\0\r\n");
    fc.assert(
      fc.property(
        lines,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        wrong,
        (all, part, end) => {
          const at = 1 + Math.floor(part * (all.length - 1));
          const spoiled = `${all.slice(0, at).join("\r\n")}${end}${all.slice(at).join("\r\n")}`;
          expect({ spoiled, ...feed(spoiled, []) }).toMatchObject({ spoiled, done: false });
        },
      ),
      RUNS,
    );
  });
});
