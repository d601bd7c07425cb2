import { describe, expect, test } from "vitest";
import { get, judge } from "./test-heads.ts";

describe("ConnectionOptions", () => {
  test("take out the fields that they name, before and behind them, as often as they stand there", () => {
    const { sent, head } = judge(
      get("X-Hop: 1", "A: b", "Connection: x-hop", "x-hop: 2", "C: d", "X-HOP: 3"),
    );
    expect(sent).toBe(get("A: b", "C: d"));
    expect(head.lines.names()).toEqual(["host", "a", "connection", "c"]);
  });

  test("take out what each of several Connection fields names", () => {
    const { sent } = judge(get("A: 1", "Connection: a", "B: 2", "C: 3", "Connection: c,b", "D: 4"));
    expect(sent).toBe(get("D: 4"));
  });

  test("hide what they take out from rules, wherever it stands", () => {
    for (const fields of [
      ["Cookie: a=b", "Connection: cookie"],
      ["Connection: cookie", "Cookie: a=b"],
    ]) {
      const { sent, head } = judge(get(...fields));
      expect(sent).toBe(get());
      expect(head.lines.names()).not.toContain("cookie");
    }
  });

  test("leave alone what only looks like a name that they take out", () => {
    const fields = ["X-Hops: 1", "X-Ho: 2", "X_Hop: 3"];
    expect(judge(get(...fields, "Connection: x-hop")).sent).toBe(get(...fields));
  });

  test("are told apart by commas, with any whitespace and any number of empty ones", () => {
    expect(judge(get("A: 1", "B: 2", "C: 3", "Connection: ,, a ,\tb\t,,", "Connection:")).sent).toBe(
      get("C: 3"),
    );
  });

  test("are read in any case", () => {
    expect(judge(get("cOnNeCtIoN: ClOsE")).flags).not.toContain("PERSISTENT");
  });

  test("always leave Keep-Alive and Proxy-Connection out, named or not", () => {
    expect(judge(get("Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "A: b")).sent).toBe(
      get("A: b"),
    );
    expect(judge(get("Connection: keep-alive", "Keep-Alive: timeout=5", "A: b")).sent).toBe(get("A: b"));
  });

  test("take out credentials for servers and rules alike, and the binding that they would mean", () => {
    const { sent, flags } = judge(get("Authorization: NTLM x", "Connection: authorization"));
    expect(sent).toBe(get());
    expect(flags).not.toContain("BOUND");
  });
});
