import { describe, expect, test } from "vitest";
import { allQueryValues, queryValues } from "./query.ts";
import { NO_VALUES, VALUES_PER_NAME } from "./values.ts";

/** The standard's own parser, as the judge. */
function judge(query: string, name: string): string[] {
  // a leading `?` is cut off by the constructor, but is part of the first name here
  return new URLSearchParams(`&${query}`).getAll(name).slice(0, VALUES_PER_NAME);
}

const queries = [
  "",
  "a",
  "a=",
  "=a",
  "a=1&a=2&b=3",
  "&&a=1&",
  "?a=1&a=2",
  "a=b=c&a==",
  "a=x+y%20z&a%62=1&%61=encoded&+a=1",
  "a=%&a=%4&a=%zz&a=%e9&a=%C3%A9&a=%F0%9F%98%80",
  "a=%00&a=%26&a=%3D%2B",
];

describe("queryValues()", () => {
  test.each(queries)("reads %j as the URL standard does", (query) => {
    for (const name of ["a", "ab", "b", "", " a", "?a", "c"])
      expect(queryValues(query, name)).toEqual(judge(query, name));
  });

  test("gives the same empty array for every name that is not there", () => {
    expect(queryValues("a=1", "b")).toBe(NO_VALUES);
    expect(Object.isFrozen(NO_VALUES)).toBe(true);
  });

  test("stops at the bound of values", () => {
    expect(queryValues("a=1&".repeat(1_000), "a").length).toBe(VALUES_PER_NAME);
  });
});

describe("allQueryValues()", () => {
  test.each(queries)("agrees with queryValues() on %j", (query) => {
    const all = allQueryValues(query);
    expect(all.names).toEqual([...new Set(new URLSearchParams(`&${query}`).keys())]);
    for (const name of all.names) expect(all.get(name)).toEqual(queryValues(query, name));
  });

  test("stops at the bound of values", () => {
    expect(allQueryValues("a=1&".repeat(1_000)).get("a").length).toBe(VALUES_PER_NAME);
  });
});
