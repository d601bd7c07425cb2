import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ABSENT, type BodyField, COMPOUND, present, UNKNOWN } from "./body-field.ts";
import { JsonFields } from "./json-fields.ts";
import { pointerTokens } from "./json-pointer.ts";

/** What a text has at a pointer. */
function at(pointer: string, text: string): BodyField {
  const fields = new JsonFields([pointer]);
  fields.read(text);
  return fields.field(pointer);
}

describe("JsonFields", () => {
  /** RFC 6901 section 5. */
  const RFC = '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}';

  test.each([
    ["/foo/0", "bar"],
    ["/", "0"],
    ["/a~1b", "1"],
    ["/c%d", "2"],
    ["/e^f", "3"],
    ["/g|h", "4"],
    ["/i\\j", "5"],
    ['/k"l', "6"],
    ["/ ", "7"],
    ["/m~0n", "8"],
  ])("finds what RFC 6901 has at %s", (pointer, value) => {
    expect(at(pointer, RFC)).toEqual(present([value]));
  });

  test("finds values of all kinds as they are written, and objects and arrays without a value", () => {
    const text = ' { "a" : [ -1.50e+3 , true , false , null , "\\u0041\\n" , { } , [ ] , 1 ] } ';
    const found = Array.from({ length: 9 }, (_, index) => at(`/a/${index}`, text));
    const texts = ["-1.50e+3", "true", "false", "null", "A\n"].map((each) => present([each]));
    expect(found).toEqual([...texts, COMPOUND, COMPOUND, present(["1"]), ABSENT]);
    expect(at("/a", text)).toBe(COMPOUND);
  });

  test("counts elements as they are written in pointers, without leading zeros and without -", () => {
    for (const pointer of ["/00", "/01", "/-", "/+1", "/1.0", "/2"])
      expect(at(pointer, "[1,2]")).toBe(ABSENT);
    expect(at("/01", '{"01":"x"}')).toEqual(present(["x"]));
  });

  test("compares member names without their escapes", () => {
    expect(at("/a/b", '{"\\u0061":{"\\u0062":1}}')).toEqual(present(["1"]));
    expect(at("/__proto__/toString", '{"__proto__":{}}')).toBe(ABSENT);
    expect(at("/__proto__", '{"__proto__":"own"}')).toEqual(present(["own"]));
  });

  test("knows nothing of what lies behind a repeated name, and everything beside it", () => {
    const fields = new JsonFields(["/a", "/a/b", "/c", "/d/e"]);
    fields.read('{"a":{"b":1},"d":{"e":1,"x":1,"x":2},"a":{"b":1},"c":3,"\\u0061":4}');
    expect(["/a", "/a/b", "/c", "/d/e"].map((pointer) => fields.field(pointer))).toEqual([
      UNKNOWN,
      UNKNOWN,
      present(["3"]),
      present(["1"]),
    ]);
    expect(fields.found()).toEqual(["/c", "/d/e"]);
    fields.read('{"a":{"b":1}}');
    expect(fields.field("/a/b")).toEqual(present(["1"]));
  });

  test.each([
    "",
    " ",
    "{",
    '{"a":1',
    '{"a":1}}',
    '{"a":1} x',
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
  ])("knows nothing of %j, which is not JSON", (text) => {
    expect(at("/a", text)).toBe(UNKNOWN);
  });

  test("knows nothing of what is nested deeper than 128, and is not hurt by what is nested deeper than any stack", () => {
    const nested = (depth: number) => `{"a":1,"b":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(at("/a", nested(127))).toEqual(present(["1"]));
    expect(at("/a", nested(128))).toBe(UNKNOWN);
    expect(at("/a", nested(1_000_000))).toBe(UNKNOWN);
  });

  test("takes for JSON what JSON.parse does, whatever is changed in a text", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom(...'{}[]",:\\u0eE+-.1tn \t\n\u0001\ufeff\u00a0'),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.json(), fc.array(change, { maxLength: 3 }), (json, changes) => {
        let text = json;
        for (const [place, octet, replaces] of changes) {
          const index = place % (text.length + 1);
          text = text.slice(0, index) + octet + text.slice(index + (replaces ? 1 : 0));
        }
        expect(at("/no such name", text) === UNKNOWN).toBe(!isJson(text));
      }),
      { numRuns: 3_000 },
    );
  });

  test("finds at any pointers what a plain walk finds, all in one pass", () => {
    const key = fc.constantFrom("a", "b", "0", "1", "", "a/b", "m~n", "ü", "\u2028", "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false, 0, -1.5, 1e30, "", "x", 'q"\\\n', "\ud83d\ude00"),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4 }),
      ),
    }));
    const pointer = fc
      .array(key, { minLength: 1, maxLength: 4 })
      .map((tokens) => tokens.map((each) => `/${each.replaceAll("~", "~0").replaceAll("/", "~1")}`).join(""));
    const pointers = fc.uniqueArray(pointer, { maxLength: 12 });
    fc.assert(
      fc.property(value, pointers, fc.constantFrom(undefined, 2), (json, asked, indent) => {
        const fields = new JsonFields(asked);
        fields.read(JSON.stringify(json, undefined, indent));
        for (const each of asked) expect(fields.field(each)).toEqual(walked(json, each));
      }),
      { numRuns: 2_000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The reference: through parsed JSON, token after token. */
function walked(json: unknown, pointer: string): BodyField {
  let value = json;
  for (const token of pointerTokens(pointer) ?? []) {
    const isIndex = !Array.isArray(value) || /^(?:0|[1-9]\d*)$/.test(token);
    if (typeof value !== "object" || value === null || !isIndex || !Object.hasOwn(value, token))
      return ABSENT;
    value = (value as Record<string, unknown>)[token];
  }
  if (typeof value === "object" && value !== null) return COMPOUND;
  return present([typeof value === "string" ? value : JSON.stringify(value)]);
}
