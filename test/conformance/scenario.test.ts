import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encode, show } from "./octets.ts";
import { readConfigurations, readScenarios } from "./scenario.ts";

const PLACES = { client: "127.1.0.1", server: "127.0.0.1:1", proxy: "127.0.0.1:2" };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shunt-scenarios-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = "about: Of nothing.\nscenarios:\n";
const GOOD = "  - { name: good, rfc: RFC 9112 3, level: must, why: It is., refused: 400 }\n";

/** What is read of one file. */
function read(text: string): ReturnType<typeof readScenarios> {
  writeFileSync(join(folder, "one.yaml"), text);
  return readScenarios(folder);
}

describe("readScenarios()", () => {
  test("writes the short form out, and takes a verb without value as it stands", () => {
    const { found, mistakes } = read(
      `${HEAD}${GOOD}${GOOD.replace("good", "two").replace("refused: 400", "steps: [ client closes ]")}`,
    );
    expect(mistakes).toEqual([]);
    expect(found.map(({ name, steps }) => [name, steps.map(({ verb }) => verb)])).toEqual([
      ["good", ["client sends", "client gets", "client connection closes"]],
      ["two", ["client closes"]],
    ]);
  });

  test.each([
    ["an unknown key", GOOD.replace("refused", "refuse"), "one.yaml: good: Unrecognized key"],
    ["a level that is none", GOOD.replace("must", "may"), "one.yaml: good.level"],
    [
      "an unknown verb",
      GOOD.replace("refused: 400", "steps: [ client shouts ]"),
      "good.steps.0: expected one of",
    ],
    [
      "an unknown key beside a verb",
      GOOD.replace("refused: 400", "steps: [ { client closes: null, loudly: true } ]"),
      "good.steps.0",
    ],
    [
      "two forms at once",
      GOOD.replace("refused: 400", "refused: 400, steps: [ wait: 1 ]"),
      "good: found steps",
    ],
    ["no form", GOOD.replace(", refused: 400", ""), "good: found no steps; expected"],
    ["a character that is no octet", GOOD.replace("refused", 'request: "\u20ac", refused'), "good.request"],
    ["a name that is used twice", GOOD + GOOD, "one.yaml: the name good is used in one.yaml"],
    ["what is no YAML", "  - { name: [", "one.yaml:"],
  ])("refuses %s, with its place", (_, scenarios, mistake) => {
    const { mistakes } = read(HEAD + scenarios);
    expect(mistakes.join("\n")).toContain(mistake);
  });

  test("reads the others of a folder where one is mistaken", () => {
    writeFileSync(join(folder, "two.yaml"), HEAD + GOOD.replace("good", "other"));
    expect(read("about: Of nothing.\n").found.map(({ name }) => name)).toEqual(["other"]);
    rmSync(join(folder, "two.yaml"));
  });
});

test("readConfigurations() refuses an unknown key, with its place", () => {
  writeFileSync(join(folder, "one.yaml"), "about: Of nothing.\nserver: 2\n");
  expect(readConfigurations(folder).mistakes.join()).toContain(
    'one.yaml: the file: Unrecognized key: "server"',
  );
});

describe("encode()", () => {
  test("makes an octet of each character, repeats, and puts places in", () => {
    const octets = encode(["\0\xff", { repeat: "ab", times: 2 }, "${" + "client}"], PLACES);
    expect(octets.toString("latin1")).toBe("\0\xffabab127.1.0.1");
  });
});

test("show() escapes what cannot be seen, and shortens in the middle", () => {
  expect(show("a\r\n\x80\x7f")).toBe('"a\\r\\n\\x80\\x7f"');
  expect(show("x".repeat(1_000))).toMatch(/^"x{200} \.\.\. 600 octets \.\.\. x{200}"$/);
});
