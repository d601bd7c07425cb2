import { describe, expect, it } from "vitest";
import { parseCoreList } from "./machine.ts";

describe("parseCoreList()", () => {
  it("expands ranges and single cores", () => {
    expect(parseCoreList("0-2,5,8-9")).toEqual([0, 1, 2, 5, 8, 9]);
  });
});
