import { describe, expect, test } from "vitest";
import { readCondition, userTests } from "./condition.ts";
import { formatMistake, type Mistake } from "./mistake.ts";
import type { ConditionOptions } from "./options.ts";
import type { Condition } from "./resolved.ts";

function read(raw: ConditionOptions): Condition | undefined {
  const mistakes: Mistake[] = [];
  const condition = readCondition(raw, ["when"], mistakes);
  expect(mistakes).toEqual([]);
  return condition;
}

/** The mistakes in raw input that need not have any of the types. */
function mistakesIn(raw: unknown): string[] {
  const mistakes: Mistake[] = [];
  expect(readCondition(raw, ["when"], mistakes)).toBeUndefined();
  return mistakes.map(formatMistake);
}

describe("readCondition()", () => {
  test("takes an empty condition for one that matches everything", () => {
    expect(read({})).toEqual({ kind: "all", of: [] });
  });

  test("lets a single key stand for itself and several mean all", () => {
    const path = { kind: "test", on: { fact: "path" }, matcher: { kind: "equal", value: "/a" } };
    const method = { kind: "test", on: { fact: "method" }, matcher: { kind: "equal", value: "GET" } };
    expect(read({ path: "/a" })).toEqual(path);
    expect(read({ path: "/a", method: "GET" })).toEqual({ kind: "all", of: [path, method] });
  });

  test("means all by several names of one kind", () => {
    expect(read({ cookie: { a: "1", b: false } })).toEqual({
      kind: "all",
      of: [
        { kind: "test", on: { fact: "cookie", name: "a" }, matcher: { kind: "equal", value: "1" } },
        { kind: "test", on: { fact: "cookie", name: "b" }, matcher: { kind: "absent" } },
      ],
    });
  });

  test("reads every matcher", () => {
    const on = { fact: "user" };
    const matchers: [ConditionOptions["user"], object][] = [
      ["ann", { kind: "equal", value: "ann" }],
      [true, { kind: "present" }],
      [false, { kind: "absent" }],
      [{ prefix: "a" }, { kind: "prefix", value: "a" }],
      [{ suffix: "a" }, { kind: "suffix", value: "a" }],
      [{ contains: "a" }, { kind: "contains", value: "a" }],
      [{ regex: "^a+$" }, { kind: "regex", value: "^a+$" }],
      [{ in: ["a", "b", "a"] }, { kind: "in", values: ["a", "b"] }],
    ];
    for (const [user, matcher] of matchers) expect(read({ user })).toEqual({ kind: "test", on, matcher });
  });

  test("nests all, any and not", () => {
    const a: Condition = { kind: "test", on: { fact: "path" }, matcher: { kind: "equal", value: "/a" } };
    expect(read({ not: { any: [{ path: "/a" }, { all: [{ path: "/a" }, {}] }] } })).toEqual({
      kind: "not",
      of: { kind: "any", of: [a, { kind: "all", of: [a, { kind: "all", of: [] }] }] },
    });
  });

  test("lowers header names and hosts, and nothing else", () => {
    expect(read({ header: { "X-Tier": "Gold" } })).toMatchObject({
      on: { name: "x-tier" },
      matcher: { value: "Gold" },
    });
    expect(read({ cookie: { Tier: "Gold" } })).toMatchObject({
      on: { name: "Tier" },
      matcher: { value: "Gold" },
    });
    expect(read({ host: "Example.ORG" })).toMatchObject({ matcher: { value: "example.org" } });
    expect(read({ host: { suffix: ".Example.ORG" } })).toMatchObject({ matcher: { value: ".example.org" } });
    expect(read({ host: { regex: "\\D" } })).toMatchObject({ matcher: { value: "\\D" } });
  });

  test("takes any token for a method, in any case that is not that of a registered one", () => {
    for (const method of ["PROPFIND", "BREW", "brew", "M-SEARCH", "X_Y"])
      expect(read({ method })).toMatchObject({ matcher: { kind: "equal", value: method } });
  });

  test("takes a host for the same with the dot of the root at its end", () => {
    expect(read({ host: "a.example." })).toMatchObject({ matcher: { value: "a.example" } });
    expect(read({ host: { suffix: ".Example." } })).toMatchObject({ matcher: { value: ".example" } });
    expect(read({ host: { prefix: "a." } })).toMatchObject({ matcher: { value: "a." } });
  });

  test("brings paths into the spelling in which they are compared", () => {
    expect(read({ path: "/%7Eann/../%7eb%2f" })).toMatchObject({ matcher: { value: "/~b%2F" } });
    expect(read({ path: { in: ["/%61"] } })).toMatchObject({ matcher: { values: ["/a"] } });
    expect(read({ path: { prefix: "/%7e" } })).toMatchObject({ matcher: { value: "/~" } });
    expect(read({ path: { regex: "^/%7e" } })).toMatchObject({ matcher: { value: "^/%7e" } });
  });

  test("brings addresses and blocks into one spelling", () => {
    expect(read({ client: "10.1.2.3/16" })).toMatchObject({
      matcher: { kind: "equal", value: "10.1.0.0/16" },
    });
    expect(read({ client: { in: ["::FFFF:10.0.0.1", "2001:DB8:0::/32"] } })).toMatchObject({
      matcher: { kind: "in", values: ["10.0.0.1", "2001:db8::/32"] },
    });
  });

  test("takes a key whose value is undefined for absent", () => {
    expect(read({ path: "/a", host: undefined, header: { a: undefined, b: true } })).toEqual(
      read({ path: "/a", header: { b: true } }),
    );
  });

  test("collects every mistake, each at its key path", () => {
    const raw = { any: [{ methd: "GET" }, { path: 3 }, { not: { cookie: { "a b": "1" } } }], host: "a:80" };
    expect(mistakesIn(raw)).toEqual([
      expect.stringMatching(
        /^when\.any\[0\]\.methd: unknown key \(did you mean "method"\?\); expected one of /,
      ),
      expect.stringMatching(/^when\.any\[1\]\.path: found 3; expected a text, true, false, or one of /),
      expect.stringMatching(/^when\.any\[2\]\.not\.cookie\["a b"\]: "a b" cannot be the name of a cookie; /),
      'when.host: no request has the host "a:80"; expected a host without port',
    ]);
  });

  test("reads fields of the content: JSON pointers, and names of form fields", () => {
    const test = (name: string) => ({
      kind: "test",
      on: { fact: "body", name },
      matcher: { kind: "absent" },
    });
    const names = ["/order/priority", "/", "/a~1b/~0", "/items/0", "priority", "a~2", "~"];
    for (const name of names) expect(read({ body: { [name]: false } })).toEqual(test(name));
  });

  test("refuses what is neither a pointer nor the name of a form field", () => {
    expect(mistakesIn({ body: { "": "x", "/a~2": "x", [`/${"a".repeat(1_000)}`]: "x", "/a": 1 } })).toEqual([
      expect.stringMatching(
        /^when\.body\[""\]: "" cannot be the name of a field of a body; expected a JSON pointer/,
      ),
      expect.stringMatching(
        /^when\.body\["\/a~2"\]: .*expected a JSON pointer \(RFC 6901\), in which "~" stands/,
      ),
      expect.stringMatching(/cannot be the name of a field of a body; .* of 1 to 1000 characters$/),
      expect.stringMatching(/^when\.body\["\/a"\]: found 1; expected a text/),
    ]);
    expect(mistakesIn({ body: {} })).toEqual([
      expect.stringMatching(/^when\.body: names nothing; expected body names/),
    ]);
  });

  test("says where an expression fails", () => {
    expect(mistakesIn({ path: { regex: "^/a(?!b)" } })).toEqual([
      expect.stringContaining('cannot be used: invalid or unsupported Perl syntax at "(?!"'),
    ]);
    expect(mistakesIn({ path: { regex: "(a" } })).toEqual([expect.stringContaining("missing closing )")]);
  });

  const REFUSED: readonly [string, unknown, string][] = [
    ["a text instead of a condition", "gold", 'when: found "gold"'],
    ["a list instead of a condition", [{ path: "/" }], "when: found a list"],
    ["an empty list", { all: [] }, "when.all: found an empty list"],
    ["no list", { any: { path: "/" } }, "when.any: found an object"],
    ["a text instead of names", { header: "x-bot" }, 'when.header: found "x-bot"'],
    ["no name", { cookie: {} }, "when.cookie: names nothing"],
    ["two tests in one matcher", { path: { prefix: "/a", suffix: "b" } }, "when.path: found 2 tests"],
    ["no test in a matcher", { path: {} }, "when.path: found no test"],
    ["a test that there is not", { path: { prefx: "/a" } }, '"prefx" is no test (did you mean "prefix"?)'],
    ["an empty part", { path: { contains: "" } }, "an empty text matches everything"],
    ["an empty list of values", { user: { in: [] } }, "when.user.in: found a list of 0"],
    ["a number among values", { user: { in: ["a", 7] } }, "when.user.in[1]: found 7"],
    ["a number for a text", { query: { page: 2 } }, "when.query.page: found 2"],
    ["null", { user: null }, "when.user: found null"],
    ["absence of what is always there", { method: false }, "found false, but every request has a method"],
    ["a method that is no token", { method: "GET /" }, 'no request has the method "GET /"'],
    ["a method in lower case", { method: { in: ["GET", "post"] } }, 'no request has the method "post"'],
    ["a path without slash", { path: "a" }, 'no request has the path "a"'],
    ["a path with a query", { path: { contains: "?a=1" } }, 'no path contains "?"'],
    ["a block that is none", { client: "10.1/16" }, 'when.client: found "10.1/16"'],
    ["a length beyond the address", { client: "10.0.0.0/33" }, 'when.client: found "10.0.0.0/33"'],
    ["a prefix of an address", { client: { prefix: "10." } }, '"prefix" is no test of client'],
    [
      "an expression that is too long",
      { path: { regex: "a".repeat(1_001) } },
      "1001 characters are too long",
    ],
  ];
  test.each(REFUSED)("refuses %s", (_, raw, sentence) => {
    expect(mistakesIn(raw)).toEqual([expect.stringContaining(sentence)]);
  });

  test("ends on a condition that contains itself", () => {
    const endless: { not?: unknown } = {};
    endless.not = endless;
    expect(mistakesIn(endless)).toEqual([expect.stringContaining("nested too deeply")]);
  });
});

describe("userTests()", () => {
  test("finds the user at any depth, and no header of that name", () => {
    const raw = { any: [{ header: { user: "1" } }, { not: { user: true } }], user: "ann" };
    expect(userTests(raw, ["when"])).toEqual([
      ["when", "any", 1, "not", "user"],
      ["when", "user"],
    ]);
  });
});
