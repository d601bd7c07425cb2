import { describe, expect, it } from "vitest";
import { judge } from "./client.ts";

function received(...indices: number[]): string {
  return indices.map((index) => `HTTP/1.1 200 OK\r\n\r\nanswer to /slow/${index}\n`).join("");
}

describe("judge()", () => {
  it("finds nothing wrong with all answers in the order of the requests", () => {
    expect(judge(received(0, 1, 2), 3)).toEqual({ inOrder: true, fault: undefined });
  });

  it("sees that two answers changed places", () => {
    expect(judge(received(0, 2, 1), 3)).toEqual({ inOrder: false, fault: undefined });
  });

  it("counts a missing answer", () => {
    expect(judge(received(0, 1), 3).fault).toBe("2 of 3 answers, 2 of them with 200");
  });

  it("does not take an answer of 503 for one", () => {
    const text = `${received(0, 1)}HTTP/1.1 503 Service Unavailable\r\n\r\nanswer to /slow/2\n`;
    expect(judge(text, 3).fault).toBe("3 of 3 answers, 2 of them with 200");
  });
});
