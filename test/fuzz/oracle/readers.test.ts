import { describe, expect, test } from "vitest";
import { readRequestByLlhttp, readResponseByLlhttp } from "./llhttp-reader.ts";
import { readRequestByNode, readResponseByNode } from "./node-reader.ts";
import { readSent } from "./sent-requests.ts";
import { readRequest, readResponse } from "./strict-reader.ts";

/** Whoever judges Shunt must read right: what they say of messages whose meaning is known. */

const READERS = [
  { name: "the strict reader", read: (text: string) => readRequest(text) },
  { name: "Node's parser", read: readRequestByNode },
  { name: "llhttp", read: readRequestByLlhttp },
];

describe.each(READERS)("$name", ({ read }) => {
  test("reads a request with chunks and trailers", () => {
    const text =
      "POST /a?b HTTP/1.1\r\nHost: a\r\nEmpty:\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n";
    expect(read(text)).toEqual({
      is: "message",
      end: text.length,
      message: {
        method: "POST",
        target: "/a?b",
        minor: 1,
        fields: [
          ["Host", "a"],
          ["Empty", ""],
          ["Transfer-Encoding", "chunked"],
        ],
        content: "abcde",
        trailers: [["X", "y"]],
      },
    });
  });

  test("reads a request with a length", () => {
    const text = "PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc";
    expect(read(text)).toMatchObject({ is: "message", message: { minor: 0, content: "abc" } });
    expect(read(text.slice(0, -1)).is).toBe("incomplete");
  });

  test.each([
    "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    "GET / HTTP/3.1\r\nHost: a\r\n\r\n",
  ])("calls %j malformed", (text) => {
    expect(read(text).is).toBe("malformed");
  });
});

describe.each([
  { name: "the strict reader", read: readResponse },
  { name: "Node's parser", read: readResponseByNode },
  { name: "llhttp", read: readResponseByLlhttp },
])("$name, of responses", ({ read }) => {
  test("reads a body until the connection ends, and none in answer to HEAD", () => {
    expect(read("HTTP/1.0 200 OK\r\n\r\nhello", "GET", false).is).toBe("incomplete");
    expect(read("HTTP/1.0 200 OK\r\n\r\nhello", "GET", true)).toMatchObject({
      message: { body: "hello", status: 200 },
    });
    const toHead = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    expect(read(toHead, "HEAD", false)).toMatchObject({
      is: "message",
      end: toHead.length,
      message: { body: "" },
    });
  });
});

describe("readSent()", () => {
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

  test("reads one request behind the other, empty lines between them, up to what is none", () => {
    expect(readSent(`${get}\r\n\r\n${get}GET`)).toMatchObject({
      requests: [{}, {}],
      rest: "incomplete",
      restText: "GET",
    });
    expect(readSent(`${get}\r\n`)).toMatchObject({ requests: [{}], rest: "nothing" });
    expect(readSent(`${get}GET /\r\n\r\n`)).toMatchObject({
      requests: [{}],
      rest: "malformed",
      why: "start line",
    });
  });

  test("reads nothing behind a request that ends its connection", () => {
    const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n";
    expect(readSent(`${last}${get}`)).toMatchObject({ requests: [{}], rest: "unread", restText: get });
  });
});
