import { describe, expect, test } from "vitest";
import { contentKind, isUncoded } from "./media-type.ts";

describe("contentKind()", () => {
  test.each([
    ["application/json", "json"],
    ["Application/JSON", "json"],
    ["application/json; charset=utf-8", "json"],
    ['application/json;charset="UTF-8"', "json"],
    ["application/problem+json", "json"],
    ["application/vnd.api+json; version=1", "json"],
    ["application/x-www-form-urlencoded", "form"],
    ["application/x-www-form-urlencoded; charset=UTF-8", "form"],
  ])("takes %s for %s", (type, kind) => {
    expect(contentKind([type])).toBe(kind);
  });

  test.each([
    [["application/json; charset=utf-16"]],
    [["application/json;charset=latin1"]],
    [["application/json, text/plain"]],
    [["application/json", "application/json"]],
    [["text/json"]],
    [["application/jsonp"]],
    [["+json"]],
    [["application/+json"]],
    [["multipart/form-data; boundary=x"]],
    [["text/plain"]],
    [[""]],
    [[]],
  ])("reads nothing of %j", (types) => {
    expect(contentKind(types)).toBeUndefined();
  });
});

test("isUncoded() holds without a coding, and for identity alone", () => {
  for (const encodings of [[], ["identity"], ["Identity, identity"], [""]])
    expect(isUncoded(encodings)).toBe(true);
  for (const encodings of [["gzip"], ["identity, br"], ["identity", "gzip"]])
    expect(isUncoded(encodings)).toBe(false);
});
