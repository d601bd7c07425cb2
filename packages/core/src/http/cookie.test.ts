import { describe, expect, test } from "vitest";
import { allCookies, cookieValues } from "./cookie.ts";
import { NO_VALUES, VALUES_PER_NAME } from "./values.ts";

describe("cookieValues()", () => {
  test.each<[fields: string[], values: string[]]>([
    [["tier=gold"], ["gold"]],
    [["a=1; tier=gold; b=2"], ["gold"]],
    [["a=1;tier=gold;b=2"], ["gold"]],
    [
      ["tier=gold; tier=tin", "tier=lead"],
      ["gold", "tin", "lead"],
    ],
    [[" \ttier =\t gold ;"], ["gold"]],
    [['tier="gold"'], ["gold"]],
    [['tier="go;ld"'], ['"go']],
    [['tier="'], ['"']],
    [['tier=""'], [""]],
    [["tier="], [""]],
    [["tier=a=b"], ["a=b"]],
    [["tier=%67old"], ["%67old"]],
    [["Tier=gold; xtier=1; tierx=1; x=tier=gold; tier"], []],
    [["", ";;", "="], []],
  ])("reads tier from %j", (fields, values) => {
    expect(cookieValues(fields, "tier")).toEqual(values);
  });

  test("gives the same empty array for every cookie that is not there", () => {
    expect(cookieValues(["a=1"], "b")).toBe(NO_VALUES);
    expect(cookieValues([], "b")).toBe(NO_VALUES);
  });

  test("stops at the bound of values", () => {
    expect(cookieValues(["a=1;".repeat(1_000)], "a").length).toBe(VALUES_PER_NAME);
  });

  test("does not take quadratic time for pairs without an equals sign", () => {
    expect(cookieValues([`${"a;".repeat(300_000)}b=1`], "b")).toEqual(["1"]);
  });
});

describe("allCookies()", () => {
  test("agrees with cookieValues() on every name, and has no other", () => {
    const fields = ['a=1; b="2"; a=3; c; =4; Tier = gold', "b=5"];
    const all = allCookies(fields);
    expect(all.names).toEqual(["a", "b", "", "Tier"]);
    for (const name of all.names) expect(all.get(name)).toEqual(cookieValues(fields, name));
  });
});
