import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FieldNames } from "./field-names.ts";
import { HEAD } from "./head-flags.ts";
import { RESPONSE_BODY, ResponseHead } from "./response-head.ts";

const LIMITS = { headBytes: 4_096, fields: 32 };
const RUNS = { numRuns: 1_000 };
/** One for all, so that each head also shows that the one before it is forgotten. */
const shared = new ResponseHead(new FieldNames(), LIMITS);

const TOKEN = "!#$%&'*+-.^_`|~09AZaz";
const VALUE = `${TOKEN}"(),/:;<=>?@[]{}\\ \t\x80\xff`;
const text = (alphabet: string, least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: least, maxLength: most });
const field = fc
  .tuple(text(TOKEN, 1, 8), text(" \t", 0, 2), text(VALUE, 0, 12), text(" \t", 0, 2))
  .map(([name, before, value, after]) => `X-${name}:${before}${value.trim()}${after}\r\n`);
const framing = fc.constantFrom(
  { line: "", body: RESPONSE_BODY.UNTIL_CLOSE },
  { line: "Content-Length: 0\r\n", body: RESPONSE_BODY.NONE },
  { line: "Content-Length: 17\r\n", body: RESPONSE_BODY.LENGTH },
  { line: "Transfer-Encoding: chunked\r\n", body: RESPONSE_BODY.CHUNKED },
);

/** A head of a final response that has a body, and how that is framed. */
const head = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }).filter((code) => code !== 204 && code !== 304),
    reason: text(VALUE, 0, 10),
    before: fc.array(field, { maxLength: 4 }),
    framing,
    behind: fc.array(field, { maxLength: 4 }),
  })
  .map(({ status, reason, before, framing: { line, body }, behind }) => ({
    status,
    body,
    octets: `HTTP/1.1 ${status} ${reason}\r\n${before.join("")}${line}${behind.join("")}\r\n`,
  }));

function judge(octets: string, judged = shared) {
  const source = Buffer.from(octets, "latin1");
  const outcome = judged.judge(source, 0, source.length, false);
  if (outcome !== HEAD.COMPLETE) return { outcome };
  const { status, body, end, persistent, contentLength } = judged;
  return { outcome, status, body, end, persistent, contentLength };
}

/** All that is asked of a head. */
function said(judged: ResponseHead): object {
  const { status, http10, body, end, persistent, contentLength, hasLength, hasCoding, hasDate, lengthLine } =
    judged;
  const { drops, dropCount } = judged.lines;
  const octets = judged.bytes.latin1Slice(0, end);
  return {
    ...{ status, http10, body, end, persistent, contentLength, hasLength, hasCoding, hasDate, lengthLine },
    ...{ octets, drops: [...drops.subarray(0, dropCount * 2)] },
  };
}

describe("ResponseHead.judge()", () => {
  test("accepts each valid head, and says how its body is framed and where it begins", () => {
    fc.assert(
      fc.property(head, text(VALUE, 0, 8), ({ octets, status, body }, rest) => {
        expect(judge(octets + rest)).toMatchObject({
          outcome: HEAD.COMPLETE,
          status,
          body,
          end: octets.length,
        });
      }),
      RUNS,
    );
  });

  test("says of a head that repeats the one before it what it would say of it alone", () => {
    const heads = fc.uniqueArray(head, { minLength: 2, maxLength: 2, selector: ({ octets }) => octets });
    const asked = fc.record({
      second: fc.boolean(),
      toHead: fc.boolean(),
      rest: text(VALUE, 0, 3),
      drops: fc.boolean(),
    });
    fc.assert(
      fc.property(heads, fc.array(asked, { maxLength: 8 }), (pair, order) => {
        const judged = new ResponseHead(new FieldNames(), LIMITS);
        for (const { second, toHead, rest, drops } of order) {
          const octets = Buffer.from((pair[second ? 1 : 0]?.octets ?? "") + rest, "latin1");
          const alone = new ResponseHead(new FieldNames(), LIMITS);
          const outcomes = [judged, alone].map((each) => each.judge(octets, 0, octets.length, toHead));
          expect(outcomes[0]).toBe(outcomes[1]);
          expect(said(judged)).toEqual(said(alone));
          if (drops) judged.dropCoding();
        }
      }),
      { numRuns: 200 },
    );
  });

  test("takes no beginning of a valid head for a head, nor for a wrong one", () => {
    fc.assert(
      fc.property(head, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ({ octets }, part) => {
        expect(judge(octets.slice(0, Math.floor(part * octets.length))).outcome).toBe(HEAD.INCOMPLETE);
      }),
      RUNS,
    );
  });

  test("never takes back what it said of a beginning of a spoiled head, and forgets the head before", () => {
    const put = fc.constantFrom(
      ..."\r\n\0\t :,-0".split(""),
      "\r\n",
      "\r\n ",
      "Content-Length: 5\r\n",
      "\r\n\r\n",
      "",
    );
    fc.assert(
      fc.property(head, fc.double({ min: 0, max: 1, noNaN: true }), put, ({ octets }, part, harm) => {
        const at = Math.floor(part * octets.length);
        const spoiled = octets.slice(0, at) + harm + octets.slice(at + 1);
        let before: ReturnType<typeof judge> = { outcome: HEAD.INCOMPLETE };
        for (let length = 1; length <= spoiled.length; length++) {
          const now = judge(spoiled.slice(0, length));
          if (before.outcome !== HEAD.INCOMPLETE)
            expect({ at: length, ...now }).toEqual({ at: length, ...before });
          before = now;
        }
        expect(before).toEqual(judge(spoiled, new ResponseHead(new FieldNames(), LIMITS)));
      }),
      { numRuns: 150 },
    );
  });
});
