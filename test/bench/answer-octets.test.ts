import { describe, expect, it } from "vitest";
import { wholeOctets } from "./answer-octets.ts";

describe("wholeOctets()", () => {
  it("adds head and content, before the content is there", () => {
    expect(wholeOctets("HTTP/1.1 200 OK\r\ncontent-Length: 64\r\n\r\nxx")).toBe(39 + 64);
  });

  it("waits for the end of the head", () => {
    expect(wholeOctets("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n")).toBeUndefined();
  });

  it("refuses an answer whose length is not said", () => {
    expect(() => wholeOctets("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")).toThrow(
      "without Content-Length",
    );
  });
});
