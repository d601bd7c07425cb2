import { describe, expect, test } from "vitest";
import { get, judge, lines } from "./test-heads.ts";

const asked = (method: string, ...fields: string[]): ReturnType<typeof judge> =>
  judge(lines(`${method} / HTTP/1.1`, "Host: a", ...fields));

describe("Max-Forwards", () => {
  test.each([
    ["OPTIONS", "1", 0],
    ["TRACE", "10", 9],
    ["TRACE", "007", 6],
    ["OPTIONS", "999999999", 255],
  ])("of %s is taken out, and one less is to be sent: %s", (method, value, left) => {
    const { head, sent, flags } = asked(method, `Max-Forwards: ${value}`);
    expect(head.maxForwards).toBe(left);
    expect(sent).not.toMatch(/max-forwards/i);
    expect(flags).not.toContain("FINAL_RECIPIENT");
  });

  test("of 0 makes us the final recipient", () => {
    expect(asked("TRACE", "Max-Forwards: 0").flags).toContain("FINAL_RECIPIENT");
    expect(asked("TRACE", "Max-Forwards: 0", "Connection: Max-Forwards").flags).toContain("FINAL_RECIPIENT");
    expect(asked("TRACE").flags).not.toContain("FINAL_RECIPIENT");
  });

  test("is sent as it is with other methods, whatever it says", () => {
    for (const method of ["GET", "POST", "options"]) {
      const { head, sent, flags } = asked(method, "Max-Forwards: 0", "Max-Forwards: x");
      expect(sent).toContain("Max-Forwards: 0\r\nMax-Forwards: x\r\n");
      expect([head.maxForwards, flags.includes("FINAL_RECIPIENT")]).toEqual([-1, false]);
    }
  });

  test.each(["", "x", "-1", "1, 2", "1 2", "0x1"])("is refused when it is no number: %j", (value) => {
    expect(asked("OPTIONS", `Max-Forwards: ${value}`).rule).toBe("max-forwards");
  });

  test("is refused when it is there twice", () => {
    expect(asked("OPTIONS", "Max-Forwards: 1", "Max-Forwards: 1").rule).toBe("max-forwards");
    expect(asked("OPTIONS", "Max-Forwards: 0", "Max-Forwards: 1").rule).toBe("max-forwards");
  });
});

describe("Via", () => {
  const passes = (count: number): string[] => Array.from({ length: count }, () => "1.1 shunt");

  test("of a request that has been here ten times passes, once more does not", () => {
    expect(judge(get(`Via: ${passes(10).join(", ")}`)).outcome).toBe("complete");
    expect(judge(get(...passes(11).map((via) => `Via: ${via}`))).rule).toBe("loop");
    expect(judge(get(`Via: ${passes(6)}`, `Via: HTTP/1.0  SHUNT (x),${passes(4)}`)).rule).toBe("loop");
  });

  test("counts nobody else, and is sent as it is", () => {
    const field = `Via: ${"1.1 shunting, 1.1 a (shunt), shunt, 1.1 shunt:80, ".repeat(12)}`;
    expect(judge(get(field))).toMatchObject({ outcome: "complete", sent: get(field) });
  });
});
