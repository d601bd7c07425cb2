import { expect, test } from "vitest";
import { isPointer, pointerTokens } from "./json-pointer.ts";

test("pointerTokens() unescapes ~1 before ~0, and refuses any other ~ and what does not begin with /", () => {
  expect(pointerTokens("/a~1b/~0/~01/")).toEqual(["a/b", "~", "~1", ""]);
  for (const text of ["/~", "/~2", "/a~/b", "a", ""]) expect(pointerTokens(text)).toBeUndefined();
});

test("isPointer() tells pointers from names of form fields by their first character", () => {
  expect([isPointer("/a"), isPointer("a/b"), isPointer("")]).toEqual([true, false, false]);
});
