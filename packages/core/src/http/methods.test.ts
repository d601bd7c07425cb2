import { describe, expect, test } from "vitest";
import { isIdempotent, isSafe, METHOD, methodName } from "./methods.ts";

const all = Array.from({ length: 256 }, (_, number) => number);
const namesWhere = (is: (number: number) => boolean): string[] =>
  all.flatMap((number) => (is(number) ? [methodName(number) ?? `no method: ${number}`] : [])).sort();

describe("methods", () => {
  test("that may run beside others are those four", () => {
    expect(namesWhere(isSafe)).toEqual(["GET", "HEAD", "OPTIONS", "TRACE"]);
  });

  test("that may be sent again are those that the registry calls idempotent, as far as we are sure of them", () => {
    const sure = [
      "DELETE",
      "GET",
      "HEAD",
      "OPTIONS",
      "PROPFIND",
      "PUT",
      "QUERY",
      "REPORT",
      "SEARCH",
      "TRACE",
    ];
    expect(namesWhere(isIdempotent)).toEqual(sure);
  });

  test("that are asked for by name have the numbers of METHOD", () => {
    expect([METHOD.HEAD, METHOD.CONNECT, METHOD.OPTIONS].map(methodName)).toEqual([
      "HEAD",
      "CONNECT",
      "OPTIONS",
    ]);
    expect(methodName(METHOD.NONE)).toBeUndefined();
  });
});
