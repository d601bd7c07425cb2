import { describe, expect, test } from "vitest";
import { pathForMatching } from "./path.ts";
import { pathReadings } from "./path-readings.ts";

describe("pathReadings()", () => {
  test.each([
    ["/a/b", ["/a/b"]],
    ["/.well-known/x", ["/.well-known/x"]],
    ["/caf%c3%a9/%41", ["/caf%C3%A9/A"]],
    ["/a%2fb", ["/a%2Fb", "/a/b"]],
    ["/a%5Cb", ["/a%5Cb", "/a/b"]],
    ["/a\\b", ["/a%5Cb", "/a/b"]],
    ["/a//b", ["/a//b", "/a/b"]],
    ["/a/../b", ["/b", "/a/../b"]],
    ["/a/%2E%2e/b", ["/b", "/a/../b"]],
    ["/a/..;x=1/b", ["/a/..;x=1/b", "/b"]],
    ["/a%252fb", ["/a%252fb", "/a/b"]],
    ["/a%3fb", ["/a%3Fb", "/a"]],
    ["/a%23b", ["/a%23b", "/a"]],
    ["/100%25", ["/100%25"]],
  ])("of %j are %j", (raw, readings) => {
    expect(pathReadings(raw)).toEqual(readings);
  });

  test.each([
    ["/a//../b", ["/a/b", "/b", "/a/../b", "/a//../b"]],
    ["/public/..%2fadmin", ["/admin", "/public/../admin", "/public/..%2Fadmin"]],
    ["/public/..%5cadmin", ["/admin", "/public/..%5Cadmin"]],
    ["/public%2f..%2fadmin", ["/admin", "/public%2F..%2Fadmin"]],
    ["/public/%252e%252e/admin", ["/admin", "/public/%252e%252e/admin"]],
    ["/public/%252e%252e%252fadmin", ["/admin"]],
    ["/public/..%3bx/admin", ["/admin"]],
    ["/public\\..\\admin", ["/admin"]],
  ])("of %j have %j among them", (raw, some) => {
    expect(pathReadings(raw)).toEqual(expect.arrayContaining(some));
  });

  test("begin with the usual one, are all different and few, whatever the path is put together from", () => {
    const pieces = [
      "/",
      "//",
      "a",
      ".",
      "..",
      ";x",
      "%2f",
      "%5C",
      "\\",
      "%252e",
      "%25252f",
      "%3F",
      "%23",
      "%2e",
    ];
    const { length } = pieces;
    for (let n = 0; n < length ** 4; n += 7) {
      const at = (place: number) => pieces[Math.floor(n / length ** place) % length];
      const raw = `/${at(0)}${at(1)}/${at(2)}${at(3)}`;
      const readings = pathReadings(raw);
      expect(readings[0]).toBe(pathForMatching(raw));
      expect(new Set(readings).size).toBe(readings.length);
      expect(readings.length).toBeLessThanOrEqual(72);
    }
  });
});
