import { describe, expect, test } from "vitest";
import { FIXED } from "../config/defaults.ts";
import { normalisePath, pathForMatching } from "./path.ts";
import { pathReadings } from "./path-readings.ts";

/** What a reader may do to a path, one thing after the other, each written in the plainest way. */
const THINGS: readonly ((path: string) => string)[] = [
  dotsRemoved,
  (path) => path.replace(/;[^/]*/g, ""),
  (path) => path.split("%2F").join("/"),
  (path) => normalisePath(path.split("%25").join("%")).split("%2F").join("/"),
  (path) => path.split("%5C").join("/"),
  (path) => path.split(/%3F|%23/)[0] as string,
  (path) => path.replace(/;[^/]*/g, ""),
  (path) => path.replace(/\/+/g, "/"),
  dotsRemoved,
];

function dotsRemoved(path: string): string {
  const kept: string[] = [];
  for (const segment of path.slice(1).split("/"))
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  const isDirectory = /\/\.{1,2}$/.test(path);
  return `/${kept.join("/")}${isDirectory && kept.length > 0 ? "/" : ""}`;
}

/** All that come out of doing or leaving each of the things: the full product, and no thought given to what it costs. */
function everyReading(raw: string): Set<string> {
  const readings = new Set<string>();
  for (let choice = 0; choice < 2 ** THINGS.length; choice++) {
    const done = THINGS.filter((_, i) => (choice >> i) % 2 === 1);
    readings.add(done.reduce((path, step) => step(path), normalisePath(raw)));
  }
  return readings;
}

/** Paths of four of these, with a slash before the first and the third. */
const PIECES = [
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
  "%253b",
];

function* paths(every: number): Generator<string> {
  const { length } = PIECES;
  for (let n = 0; n < length ** 4; n += every) {
    const at = (place: number) => PIECES[Math.floor(n / length ** place) % length];
    yield `/${at(0)}${at(1)}/${at(2)}${at(3)}`;
  }
}

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
    ["/a/..;x=1/b", ["/a/..;x=1/b", "/a/../b", "/b"]],
    ["/v;x", ["/v;x", "/v"]],
    ["/v%3bx", ["/v;x", "/v"]],
    ["/v;x=1;y/w;z", ["/v;x=1;y/w;z", "/v/w"]],
    ["/v%253Bx", ["/v%253Bx", "/v;x", "/v"]],
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
    // parameters removed before decoding, and behind it
    ["/a%2f..%2fadmin;x%2fb", ["/admin", "/admin/b"]],
    // dot segments removed before decoding
    ["/a%2fb/../admin%2fc", ["/admin/c", "/a/admin/c"]],
    ["/;x/admin", ["/admin"]],
  ])("of %j have %j among them", (raw, some) => {
    expect(pathReadings(raw)).toEqual(expect.arrayContaining(some));
  });

  test("begin with the usual one and are those of the full product, each once, or those are too many", () => {
    let tooMany = 0;
    for (const raw of paths(97)) {
      const readings = pathReadings(raw);
      const all = everyReading(raw);
      const found = readings === undefined ? "too many" : [...readings].sort();
      expect([raw, found]).toEqual([raw, all.size > FIXED.pathReadings ? "too many" : [...all].sort()]);
      if (readings === undefined) tooMany++;
      else expect(readings[0]).toBe(pathForMatching(raw));
    }
    expect(tooMany).toBeLessThan(10);
  });

  test("are 32 and no more", () => {
    const [full, over] = ["/a%5Caaa%2f//./;x", "/a%3F%2f///%5C/./%3b"];
    expect([everyReading(full).size, everyReading(over).size]).toEqual([32, 33]);
    expect(pathReadings(full)).toHaveLength(32);
    expect(pathReadings(over)).toBeUndefined();
  });

  test("have a bound on their octets, but one alone may be of any length", () => {
    const long = "a".repeat(FIXED.pathReadingBytes);
    expect(pathReadings(`/${long}`)).toEqual([`/${long}`]);
    expect(pathReadings(`/./${long}`)).toBeUndefined();
    const half = `/${long.slice(0, FIXED.pathReadingBytes / 2 - 2)}`;
    expect(pathReadings(`${half};`)).toEqual([`${half};`, half]);
    expect(pathReadings(`${half};;`)).toBeDefined();
    expect(pathReadings(`${half};;;`)).toBeUndefined();
  });

  /** Of 16 KiB: what is repeated, and the readings of as many as fit into 200 octets. */
  test.each([
    ["..;/", 5],
    [";/", 6],
    ["[|^", 2],
    ["%2f%5c%252f..;x//%3f", undefined],
    ["%2541/./", 4],
    ["%252f", 6],
    ["%5c%2f", 12],
    ["a%3f;", 6],
    ["abcd/efg", 2],
  ])("are few or too many, however often there is %s", (piece, few) => {
    const of = (bytes: number) => pathReadings(`/./${piece.repeat(bytes / piece.length)}`);
    expect(of(200)?.length).toBe(few);
    expect(of(16_384)).toBeUndefined();
  });

  test("of paths of people and programs are at most ten", () => {
    for (const raw of [
      "/proxy/https%3A%2F%2Fhost.example%2Fpath%3Fa%3Db%26c%3Dd%23e",
      "/proxy/https%253A%252F%252Fhost.example%252Fpath%253Fa%253Db",
      "/api/v4/projects/group%2Fsub%2Fproject/files/a%2F..%2Fb",
      "/images/https://host.example/a//b;x=1/../c.png",
      "/shop/list;jsessionid=0123456789ABCDEF",
    ])
      expect(pathReadings(raw)?.length, raw).toBeLessThanOrEqual(10);
  });
});
