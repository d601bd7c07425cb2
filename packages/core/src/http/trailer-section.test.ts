import { describe, expect, test } from "vitest";
import { TrailerSection } from "./trailer-section.ts";

function judge(text: string, trailerBytes = 1_000, fields = 100, alsoDropped?: ReadonlySet<string>): string {
  const section = new TrailerSection({ trailerBytes, fields }, alsoDropped);
  for (const octet of Buffer.from(text, "latin1")) {
    const fault = section.take(octet);
    if (fault !== undefined) return fault;
  }
  return section.done ? "done" : "more";
}

/** Which of the lines are left out. */
function dropped(lines: readonly string[], alsoDropped?: ReadonlySet<string>): string[] {
  const section = new TrailerSection({ trailerBytes: 1_000, fields: 100 }, alsoDropped);
  return [...lines, ""].filter((line) => {
    for (const octet of Buffer.from(`${line}\r\n`, "latin1"))
      expect([line, section.take(octet)]).toEqual([line, undefined]);
    expect(section.isBetweenLines).toBe(true);
    return section.isDropped;
  });
}

describe("TrailerSection", () => {
  test.each([
    "\r\n",
    "A: b\r\n\r\n",
    "A:b\r\nC:\r\nD: \t\r\n\r\n",
    "Server-Timing: a;dur=1\r\ngrpc-status: 0\r\n\r\n",
    "A: \xe4\xff\t \r\n\r\n",
    "X-Content-Length: 5\r\nHosts: a\r\n\r\n",
  ])("ends with an empty line: %j", (text) => {
    expect(judge(text)).toBe("done");
    for (let length = 0; length < text.length; length++) expect(judge(text.slice(0, length))).toBe("more");
  });

  test.each([
    ": b\r\n",
    " A: b\r\n",
    "\tA: b\r\n",
    "A : b\r\n",
    "A\r\n",
    "A b: c\r\n",
    "\xe4: b\r\n",
    "A: b\r\n c\r\n",
    "A: b\n",
    "A: b\rc",
    "A: \0\r\n",
    "A: \x7f\r\n",
    "A: \x1b\r\n",
    "\n",
  ])("refuses the line %j", (text) => {
    expect(judge(text)).toBe("trailer");
  });

  test("refuses an empty line that does not end", () => {
    expect(judge("\rx")).toBe("chunk");
    expect(judge("A: b\r\n\r\r")).toBe("chunk");
  });

  test.each(["Content-Length", "content_length", "TRANSFER-ENCODING", "Transfer_Encoding", "host"])(
    "refuses %s, which frames or routes",
    (name) => {
      expect(judge(`A: b\r\n${name}: 1\r\n\r\n`)).toBe("trailer");
      expect(judge(`${name}: 1\r\n\r\n`, 100, 100, new Set(["content-length", "host"]))).toBe("trailer");
    },
  );

  test("drops lines that may not come late, whatever stands around them, and no others", () => {
    const lines = [
      "Set-Cookie: a=b",
      "A: b",
      "x_forwarded_for: 1",
      "VIA:",
      "Vias: x",
      "Cache-Control: no-store",
    ];
    expect(dropped(lines)).toEqual([
      "Set-Cookie: a=b",
      "x_forwarded_for: 1",
      "VIA:",
      "Cache-Control: no-store",
    ]);
    expect(dropped([...lines].reverse())).toHaveLength(4);
  });

  test("drops the names that it is told, in any case and with underscores, and no longer ones", () => {
    const told = new Set(["x-user-tier"]);
    const lines = ["X-User-Tier: 1", "X-User-Tiers: 1", "x_user_tier: 1", "X-USER_TIER: 1"];
    expect(dropped(lines, told)).toEqual([lines[0], lines[2], lines[3]]);
    expect(dropped(lines)).toEqual([]);
  });

  test("judges the whole of a line that is dropped", () => {
    for (const line of ["Via: \0\r\n", "Via : a\r\n", "Via: a\n", "Via: a\r\n b\r\n"])
      expect([line, judge(line)]).toEqual([line, "trailer"]);
    expect(judge("Via: a\r\nVia: a\r\n\r\n", 100, 1)).toBe("trailer-fields");
    expect(judge("Via: abcd\r\n\r\n", 10)).toBe("trailer-bytes");
  });

  test("bounds how many field lines there are", () => {
    expect(judge("A: b\r\nC: d\r\n\r\n", 100, 2)).toBe("done");
    expect(judge("A: b\r\nC: d\r\n\r\n", 100, 1)).toBe("trailer-fields");
    expect(judge("\r\n", 100, 0)).toBe("done");
  });

  test("bounds its field lines, not the empty line behind them", () => {
    expect(judge("A: b\r\n\r\n", 6)).toBe("done");
    expect(judge("A: b\r\n\r\n", 5)).toBe("trailer-bytes");
    expect(judge("\r\n", 0)).toBe("done");
    expect(judge(`${"a".repeat(7)}`, 6)).toBe("trailer-bytes");
  });
});
