import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

const targets = ["shunt", "haproxy"];

describe("readOptions()", () => {
  it("measures everything and writes results.md when nothing is said", () => {
    const options = readOptions([], targets);
    expect(options).toMatchObject({ rounds: 5, warmUp: 10, targets, connections: [1, 32, 128, 512] });
    expect(options?.out).toMatch(/results\.md$/);
  });

  it("keeps a quick run from replacing the results, unless a file is named", () => {
    expect(readOptions(["--quick"], targets)).toMatchObject({
      rounds: 1,
      warmUp: 1,
      connections: [1, 128],
      out: undefined,
    });
    expect(readOptions(["--quick", "--out", "x.md"], targets)?.out).toBe("x.md");
  });

  it("lets explicit numbers win over --quick", () => {
    expect(readOptions(["--quick", "--rounds", "3"], targets)?.rounds).toBe(3);
  });

  it.each([
    [["--rounds", "0"], '--rounds: expected a whole number from 1 to 100, found "0"'],
    [["--seconds", "1.5"], '--seconds: expected a whole number from 1 to 600, found "1.5"'],
    [["--warm-up", "0"], '--warm-up: expected a whole number from 1 to 600, found "0"'],
    [["--connections", "1,"], '--connections: expected a whole number from 1 to 10000, found ""'],
    [["--targets", "haproxy,envoy"], '--targets: expected some of shunt, haproxy, found "envoy"'],
    [["--servers", "apache"], '--servers: expected one of memory, nginx, node, found "apache"'],
    [["--speed"], "Unknown option '--speed'"],
  ])("refuses %j with a sentence", (argv, sentence) => {
    expect(() => readOptions(argv, targets)).toThrow(sentence);
  });
});
