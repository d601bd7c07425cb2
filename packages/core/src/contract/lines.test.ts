import { expect, test } from "vitest";
import { encodeLine, LineReader } from "./lines.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("LineReader gives the same lines wherever the stream is cut", () => {
  const stream = bytes('{"a":"ä"}\n\n{"b":2}\n');
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new LineReader();
    const lines = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
    expect(lines).toEqual(['{"a":"ä"}', "", '{"b":2}']);
  }
});

test("LineReader refuses a line that never ends once it passes the bound", () => {
  const reader = new LineReader(8);
  expect(reader.push(bytes("1234\n12345678"))).toEqual(["1234"]);
  expect(() => reader.push(bytes("9"))).toThrow("a line is longer than 8 bytes");
});

test("LineReader refuses what is not UTF-8", () => {
  expect(() => new LineReader().push(Uint8Array.of(0xff, 0x0a))).toThrow(TypeError);
});

test("encodeLine() keeps a message with newlines inside on one line", () => {
  const [line] = new LineReader().push(bytes(encodeLine({ text: "a\nb\r" })));
  expect(JSON.parse(line ?? "")).toEqual({ text: "a\nb\r" });
});
