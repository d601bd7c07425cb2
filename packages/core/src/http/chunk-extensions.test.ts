import { describe, expect, test } from "vitest";
import { ChunkExtensions } from "./chunk-extensions.ts";

function judge(text: string, most = 1_000): string {
  const extensions = new ChunkExtensions(most, "body");
  extensions.begin();
  for (const octet of Buffer.from(text, "latin1")) {
    const fault = extensions.take(octet);
    if (fault !== undefined) return fault;
  }
  return extensions.mayEnd ? "whole" : "more";
}

describe("ChunkExtensions", () => {
  test.each([
    ";a",
    ";a=b",
    ";a;b;c",
    ";a=b;c=d",
    " ; a = b ; c",
    "\t;\ta\t=\tb",
    ';a="b"',
    ';a=""',
    ';a="b c;d=e"',
    ';a="b";c',
    ';a="b" ;c',
    ';a="\\"\\\\\\ \t"',
    ';a="\xe4\xff"',
    ";!#$%&'*+-.^_`|~=1",
  ])("are whole: %j", (text) => {
    expect(judge(text)).toBe("whole");
  });

  test.each([";", "; ", ";a=", ";a= ", ";a ", ";a=b ", ';a="b" ', ';a="b', ';a="b\\', " "])(
    "cannot end here: %j",
    (text) => {
      expect(judge(text)).toBe("more");
    },
  );

  test.each([
    "a",
    " a",
    ";;",
    ";=b",
    '; "b"',
    ";a b",
    ";a=b c",
    ";a==b",
    ";a=b=c",
    ';a=b"c"',
    ';a"b"',
    ';a="b"c',
    ';a="b"="c"',
    ";a=;",
    ";a,b",
    ";a/b",
    ";a\r",
    ";a\n",
    ";\xe4",
    ";a=\xe4",
    ';a="\x7f"',
    ';a="\r"',
    ';a="\n"',
    ';a="\0"',
    ';a="\\\x7f"',
    ';a="\\\n"',
    ";a='b c'",
  ])("are refused: %j", (text) => {
    expect(judge(text)).toBe("chunk");
  });

  test("are bounded, also inside quotes and over several chunks", () => {
    expect(judge(';a="bcd"', 8)).toBe("whole");
    expect(judge(';a="bcd"', 7)).toBe("chunk-extension-bytes");
    expect(judge(";", 0)).toBe("chunk-extension-bytes");
    const extensions = new ChunkExtensions(3, "body");
    extensions.begin();
    for (const octet of Buffer.from(";a")) expect(extensions.take(octet)).toBeUndefined();
    extensions.begin();
    expect(extensions.take(0x3b)).toBeUndefined();
    expect(extensions.take(0x61)).toBe("chunk-extension-bytes");
  });

  test("of each chunk are bounded for themselves, however many there are", () => {
    const extensions = new ChunkExtensions(3, "chunk");
    for (let chunk = 0; chunk < 10; chunk++) {
      extensions.begin();
      for (const octet of Buffer.from(";ab")) expect(extensions.take(octet)).toBeUndefined();
    }
    expect(extensions.take(0x63)).toBe("chunk-extension-bytes");
  });

  test("begin anew with each chunk", () => {
    const extensions = new ChunkExtensions(100, "body");
    extensions.begin();
    for (const octet of Buffer.from(";a=b")) extensions.take(octet);
    extensions.begin();
    expect(extensions.mayEnd).toBe(false);
    expect(extensions.take(0x61)).toBe("chunk");
  });
});
