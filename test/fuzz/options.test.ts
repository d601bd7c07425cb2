import { describe, expect, test } from "vitest";
import { readOptions } from "./options.ts";

describe("readOptions()", () => {
  test("gives a minute to all targets when nothing is said, and takes the seed from chance", () => {
    expect(readOptions([], 7)).toEqual({
      seconds: 60,
      seed: 7,
      target: undefined,
      file: undefined,
      keep: false,
    });
  });

  test("takes what is said", () => {
    const args = ["--seconds", "5", "--seed", "0", "--target", "paths", "--keep"];
    expect(readOptions(args, 7)).toEqual({
      seconds: 5,
      seed: 0,
      target: "paths",
      file: undefined,
      keep: true,
    });
  });

  test.each(["", " ", "x", "-1", "Infinity"])(
    "refuses %j as a number of seconds, and names the option",
    (text) => {
      expect(() => readOptions([`--seconds=${text}`], 7)).toThrow(
        `--seconds: expected a number from 0 on, found "${text}"`,
      );
    },
  );

  test("refuses a file without a target", () => {
    expect(() => readOptions(["--file", "x"], 7)).toThrow("--file wants --target");
  });
});
