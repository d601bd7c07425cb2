import { FieldNames, HEAD, ResponseHead } from "@shunt/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import {
  chunkHead,
  composeResponseHead,
  endsWithConnection,
  isEnchunked,
  lastChunk,
} from "./response-writer.ts";

let listener: TestListener;
let open: OpenClient;
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const HTTP_1_1 = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HTTP_1_0 = "GET / HTTP/1.0\r\n\r\n";
const KEPT_1_0 = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const NOTHING = new Uint8Array(0);

async function exchangeFor(request: string, closes = false): Promise<Exchange> {
  return Object.assign(await exchangeOf(open.client, request), { closes });
}

function headOf(response: string): ResponseHead {
  const head = new ResponseHead(new FieldNames(), snapshotOf().config.limits);
  const octets = Buffer.from(response, "latin1");
  expect(head.judge(octets, 0, octets.length, false)).toBe(HEAD.COMPLETE);
  return head;
}

const DATE = /Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/;

/** The head as the client gets it, whatever its Date says. */
function got(exchange: Exchange, response: string, body: Uint8Array = NOTHING): string {
  const { octets } = composeResponseHead(exchange, headOf(response), body);
  return Buffer.from(octets).toString("latin1").replace(DATE, "");
}

test.each([
  ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n", "1.1"],
  ["HTTP/1.1 404 \r\n", "HTTP/1.1 404 \r\n", "1.1"],
  ["HTTP/1.1 204\r\n", "HTTP/1.1 204 \r\n", "1.1"],
  ["HTTP/1.0 200 \xe9t\xe9\r\n", "HTTP/1.1 200 \xe9t\xe9\r\n", "1.0"],
])(
  "composeResponseHead() writes the status line anew, the version ours: %j",
  async (line, expected, version) => {
    expect(got(await exchangeFor(HTTP_1_1), `${line}Content-Length: 0\r\nX: y\r\n\r\n`)).toBe(
      `${expected}${expected.includes("204") ? "" : "Content-Length: 0\r\n"}X: y\r\nVia: ${version} shunt\r\n\r\n`,
    );
  },
);

test.each([
  ["Content-Length: 0\t\r\n", "Content-Length: 0\r\n"],
  ["Transfer-Encoding: chunked\t\r\n", "Transfer-Encoding: chunked\r\n"],
])("composeResponseHead() writes a length with a tab behind it anew: %j", async (line, expected) => {
  expect(got(await exchangeFor(HTTP_1_1), `HTTP/1.1 200 OK\r\n${line}X: y\r\n\r\n`)).toBe(
    `HTTP/1.1 200 OK\r\nX: y\r\nVia: 1.1 shunt\r\n${expected}\r\n`,
  );
});

test("composeResponseHead() writes no coding to a client of HTTP/1.0, also where it had a tab behind it", async () => {
  const response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n";
  expect(got(await exchangeFor(HTTP_1_0, true), response)).toBe(
    "HTTP/1.1 200 OK\r\nVia: 1.1 shunt\r\nConnection: close\r\n\r\n",
  );
});

test("composeResponseHead() leaves out what concerns the server's connection, wherever it stands", async () => {
  const response =
    "HTTP/1.1 200 OK\r\nKeep-Alive: x\r\nContent-Length: 0\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n" +
    "Set-Cookie: a\r\nSet-Cookie: b\r\nProxy-Connection: z\r\n\r\n";
  expect(got(await exchangeFor(HTTP_1_1), response)).toBe(
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nVia: 1.1 shunt\r\n\r\n",
  );
});

test("composeResponseHead() gives each client its own form of one head, whoever got it before", async () => {
  const head = headOf("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\n\r\n");
  const clients = [
    [await exchangeFor(HTTP_1_1), "1", ""],
    [await exchangeFor(HTTP_1_1), "2", ""],
    [await exchangeFor(HTTP_1_1, true), "3", "Connection: close\r\n"],
    [await exchangeFor(KEPT_1_0), "4", "Connection: keep-alive\r\n"],
    [await exchangeFor(HTTP_1_1), "", ""],
    [await exchangeFor(HTTP_1_1), "6", ""],
  ] as const;
  for (const [exchange, body, expected] of clients)
    expect(Buffer.from(composeResponseHead(exchange, head, Buffer.from(body)).octets).toString()).toBe(
      `HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 1\r\nVia: 1.1 shunt\r\n${expected}\r\n${body}`,
    );
});

test.each([
  [HTTP_1_1, false, ""],
  [HTTP_1_1, true, "Connection: close\r\n"],
  [KEPT_1_0, false, "Connection: keep-alive\r\n"],
  [HTTP_1_0, true, "Connection: close\r\n"],
])(
  "composeResponseHead() tells the client what becomes of its connection: %j, closes %s",
  async (request, closes, expected) => {
    const exchange = await exchangeFor(request, closes);
    expect(got(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).toBe(
      `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.1 shunt\r\n${expected}\r\n`,
    );
  },
);

test.each([
  [
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nVia: 1.1 shunt\r\n\r\n",
  ],
  [
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nVia: 1.1 shunt\r\nConnection: Upgrade\r\n\r\n",
  ],
])(
  "composeResponseHead() hands on interim responses without framing and without an end: %j",
  async (response, expected) => {
    expect(got(await exchangeFor(HTTP_1_1, true), response)).toBe(expected);
  },
);

test.each([false, true])(
  "composeResponseHead() keeps what upgrade a server requires, closes %s",
  async (closes) => {
    const response =
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n";
    expect(got(await exchangeFor(HTTP_1_1, closes), response)).toBe(
      `HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 0\r\nVia: 1.1 shunt\r\nConnection: ${closes ? "close, " : ""}Upgrade\r\n\r\n`,
    );
  },
);

test.each([
  [0, true],
  [1, true],
  [16_384, true],
  [16_385, false],
])(
  "composeResponseHead() takes a body of %i octets into the piece of its head: %s",
  async (length, joined) => {
    const body = Buffer.alloc(length, "b");
    const exchange = await exchangeFor(HTTP_1_1);
    const head = headOf(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    const composed = composeResponseHead(exchange, head, body);
    expect(composed.containsBody).toBe(joined);
    expect(Buffer.from(composed.octets).toString().split("\r\n\r\n")[1]).toBe(joined ? body.toString() : "");
  },
);

const UNTIL_CLOSE = "HTTP/1.1 200 OK\r\n\r\n";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

test.each([
  [HTTP_1_1, UNTIL_CLOSE, true, false],
  [HTTP_1_1, CHUNKED, false, false],
  [HTTP_1_1, LENGTH, false, false],
  [HTTP_1_0, UNTIL_CLOSE, false, true],
  [HTTP_1_0, CHUNKED, false, true],
  [HTTP_1_0, LENGTH, false, false],
])(
  "a body gets chunks, or ends with the connection, only where its client needs it: %j, %j",
  async (request, response, enchunked, ends) => {
    const exchange = await exchangeFor(request);
    expect([isEnchunked(exchange, headOf(response)), endsWithConnection(exchange, headOf(response))]).toEqual(
      [enchunked, ends],
    );
  },
);

test("composeResponseHead() announces chunks for a body without length, and puts none of it into the head's piece", async () => {
  const composed = composeResponseHead(await exchangeFor(HTTP_1_1), headOf(UNTIL_CLOSE), Buffer.from("body"));
  expect(Buffer.from(composed.octets).toString().replace(DATE, "")).toBe(
    "HTTP/1.1 200 OK\r\nVia: 1.1 shunt\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  expect(composed.containsBody).toBe(false);
});

test.each([
  ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1],
  ["HTTP/1.1 304 Not Modified\r\n\r\n", 1],
  ["HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n", 1],
  ["HTTP/1.1 200 OK\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n", 0],
  ["HTTP/1.1 103 Early Hints\r\n\r\n", 0],
  ["HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 0],
])("composeResponseHead() adds a Date where a final response has none: %j, %i", async (response, added) => {
  const composed = composeResponseHead(await exchangeFor(HTTP_1_1), headOf(response), NOTHING);
  expect(Buffer.from(composed.octets).toString().split(DATE).length - 1).toBe(added);
});

test("composeResponseHead() announces no chunks to a client that does not know them, nor trailers", async () => {
  const exchange = await exchangeFor(HTTP_1_0, true);
  const response = CHUNKED.replace("\r\n\r\n", "\r\nTrailer: X-Sum\r\n\r\n");
  expect(got(exchange, response, Buffer.from("plain"))).toBe(
    "HTTP/1.1 200 OK\r\nVia: 1.1 shunt\r\nConnection: close\r\n\r\nplain",
  );
});

test("chunkHead() and lastChunk() frame octets as RFC 9112 section 7.1 has it", () => {
  expect(Buffer.from(chunkHead(0x1f4)).toString()).toBe("1f4\r\n");
  expect(Buffer.from(lastChunk()).toString()).toBe("0\r\n\r\n");
});
