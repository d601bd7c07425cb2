import { describe, expect, test } from "vitest";
import { normalisePath, pathForMatching } from "./path.ts";

describe("pathForMatching()", () => {
  test.each([
    ["", "/"],
    ["/", "/"],
    ["*", "*"],
    ["/a/b", "/a/b"],
    ["/%7Eann/%41%2d%5f%2E%7e", "/~ann/A-_.~"],
    ["/a%2fb%c3%a9", "/a%2Fb%C3%A9"],
    ["/%40a%3a%21%2C%3b%2B", "/@a:!,;+"],
    ["/a|b^c[d]", "/a%7Cb%5Ec%5Bd%5D"],
    ["/a%7cb", "/a%7Cb"],
    ["/caf\u00e9 x", "/caf%C3%A9%20x"],
    ["/\ud83d\ude00", "/%F0%9F%98%80"],
    ["/\ud83d", "/%EF%BF%BD"],
    ["/a\\b", "/a%5Cb"],
    ["/a%", "/a%25"],
    ["/a%4", "/a%254"],
    ["/a%zz%4g%41", "/a%25zz%254gA"],
    ["/%2541", "/%2541"],
    ["/%%34%31", "/%2541"],
    ["/a/./b/../c", "/a/c"],
    ["/a/b/..", "/a/"],
    ["/a/b/.", "/a/b/"],
    ["/..", "/"],
    ["/../../a", "/a"],
    ["/a//../b", "/a/b"],
    ["/a//b", "/a//b"],
    ["/.well-known/x", "/.well-known/x"],
    ["/a/...", "/a/..."],
    ["/public/%2e%2E/admin", "/admin"],
    ["/public/.%2e/admin", "/admin"],
    ["/public%2F..%2Fadmin", "/public%2F..%2Fadmin"],
  ])("makes %j into %j", (raw, path) => {
    expect(pathForMatching(raw)).toBe(path);
  });

  test("reads as itself what it has made", () => {
    const pieces = ["%", "4", "%41", "%25", "%2", "a", "/", ".", "%2e", "\u00e9", "|", "%zz"];
    const { length } = pieces;
    for (let n = 0; n < length ** 4; n++) {
      const at = (place: number) => pieces[Math.floor(n / length ** place) % length];
      const path = pathForMatching(`/${at(0)}${at(1)}${at(2)}${at(3)}`);
      expect(pathForMatching(path)).toBe(path);
    }
  });

  test("removes dot segments as the URL standard does", () => {
    const pieces = ["a", ".", "..", "", "b.", ".c", "..."];
    for (let n = 0; n < 7 ** 4; n++) {
      const at = (place: number) => pieces[Math.floor(n / 7 ** place) % 7];
      const path = `/${at(0)}/${at(1)}/${at(2)}/${at(3)}`;
      expect(pathForMatching(path)).toBe(new URL(`http://h${path}`).pathname);
    }
  });

  test("does not take quadratic time for a path of nothing but dots, slashes and encodings", () => {
    const long = 200_000;
    expect(pathForMatching("/..".repeat(long))).toBe("/");
    expect(pathForMatching("/%2e".repeat(long))).toBe("/");
    expect(pathForMatching(`/${"%".repeat(long)}`).length).toBe(3 * long + 1);
  });
});

describe("normalisePath()", () => {
  test("leaves dot segments alone", () => {
    expect(normalisePath("/a/%2e%2e/%3a")).toBe("/a/../:");
  });
});
