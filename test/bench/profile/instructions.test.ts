import { describe, expect, it } from "vitest";
import { parseInstructions } from "./instructions.ts";

describe("parseInstructions()", () => {
  it("reads the number of the line of instructions", () => {
    expect(parseInstructions("1234567890,,instructions,1000000,100.00,0.98,insn per cycle\n")).toBe(
      1_234_567_890,
    );
  });

  it("says when the machine has no such counter", () => {
    expect(parseInstructions("<not supported>,,instructions,0,100.00,,\n")).toBe(
      "this machine has no counter of instructions",
    );
  });

  it("hands on what perf says instead", () => {
    expect(parseInstructions("Error:\nAccess to performance monitoring is limited.\n")).toContain("Error:");
  });
});
