import { describe, expect, test } from "vitest";
import { TrailerSection } from "./trailer-section.ts";

function judge(
  text: string,
  trailerBytes = 1_000,
  fields = 100,
  alsoForbidden?: ReadonlySet<string>,
): string {
  const section = new TrailerSection({ trailerBytes, fields }, alsoForbidden);
  for (const octet of Buffer.from(text, "latin1")) {
    const fault = section.take(octet);
    if (fault !== undefined) return fault;
  }
  return section.done ? "done" : "more";
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

  test.each([
    "Content-Length",
    "TRANSFER-ENCODING",
    "host",
    "Connection",
    "Trailer",
    "Cookie",
    "Set-Cookie",
    "Authorization",
    "Expect",
    "Content-Type",
    "X-Forwarded-For",
    "X_Forwarded_For",
    "X-Forwarded-Anything",
    "x-request_id",
    "X-Real-IP",
    "Via",
    "Range",
    "If-None-Match",
    "WWW-Authenticate",
  ])("refuses %s, which may not come late", (name) => {
    expect(judge(`A: b\r\n${name}: 1\r\n\r\n`)).toBe("trailer");
  });

  test("refuses the names that it is told, in any case and with underscores, and no longer ones", () => {
    const told = new Set(["x-user-tier"]);
    for (const name of ["X-User-Tier", "x_user_tier", "X-USER_TIER"])
      expect(judge(`${name}: 1\r\n\r\n`, 100, 100, told)).toBe("trailer");
    expect(judge("X-User-Tiers: 1\r\n\r\n", 100, 100, told)).toBe("done");
    expect(judge("X-User-Tier: 1\r\n\r\n")).toBe("done");
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
