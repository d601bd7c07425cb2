import { describe, expect, test } from "vitest";
import { ListWalk } from "./list.ts";

const walk = new ListWalk();

function membersOf(text: string): string[] {
  const octets = Buffer.from(`,x,${text},y`, "latin1");
  walk.over(octets, 3, octets.length - 2);
  const members: string[] = [];
  while (walk.step()) members.push(octets.latin1Slice(walk.at, walk.at + walk.length));
  return members;
}

describe("ListWalk", () => {
  test.each([
    ["", []],
    [" \t ", []],
    [",, ,", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a ,\tb c\t, ", ["a", "b c"]],
    [",a,,b,", ["a", "b"]],
  ])("walks the members of %j, and none outside", (text, members) => {
    expect(membersOf(text)).toEqual(members);
  });

  test("finds a member in any case, and no part of one", () => {
    const octets = Buffer.from("gzip, Chunked ,x");
    expect(walk.finds(Buffer.from("chunked"), octets, 0, octets.length)).toBe(true);
    expect(walk.finds(Buffer.from("chunk"), octets, 0, octets.length)).toBe(false);
    expect(walk.finds(Buffer.from("x"), octets, 0, octets.length - 1)).toBe(false);
  });
});
