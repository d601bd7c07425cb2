import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Truncated } from "../support/octet-source.ts";
import { get } from "../support/raw-client.ts";
import { type Answer, RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Servers that stall, lie and break off: what the client is told, and what becomes of their connections. */

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const TO_RAW = "Cookie: tier=gold";

/** The least of `limits.responseBufferBytes`. */
const HELD = 16_384;
const RESPONSE_MS = 400;

let raw: RawServer;
let good: SampleServer;
let shunt: RunningShunt;
/** What the raw server does in the test at hand. */
let answer: Answer = OK;

beforeAll(async () => {
  raw = await RawServer.start("raw", (socket, request, server) => {
    if (typeof answer === "string") socket.write(answer, "latin1");
    else answer(socket, request, server);
  });
  good = await SampleServer.start("good");
  shunt = await startShunt({
    ...goldAndGeneral([raw], [good]),
    timeouts: { responseMs: 400, bodyIdleMs: 400, drainMs: 5_000 },
  });
});

afterEach(async () => {
  answer = OK;
  await shunt.quiet();
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await raw[Symbol.asyncDispose]();
  await good[Symbol.asyncDispose]();
});

test.each([
  ["no HTTP at all", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["an impossible status", "HTTP/1.1 2OO OK\r\n\r\n"],
  ["another version", "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
  ["two different lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"],
  [
    "length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"],
  [
    "a coding that is not chunked last",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
  ],
  ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"],
  ["a folded field", "HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok"],
  ["a bare CR in a field", "HTTP/1.1 200 OK\r\nX-A: 1\r2\r\nContent-Length: 2\r\n\r\nok"],
  ["a head without end", `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(70_000)}`],
  ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"],
])("a server that answers with %s gives a 502, and its connection is dropped", async (_, octets) => {
  answer = octets;
  using client = await shunt.connect();
  const response = await client.ask("/lie", TO_RAW);
  expect(response.status).toBe(502);
  expect(field(response, "proxy-status")).toMatch(/^shunt; error=http_/);
  await eventually(
    () => raw.open.size,
    (open) => open === 0,
  );
  // The client's own connection lives on, and the next request goes over a new one to the server.
  const opened = raw.connections;
  answer = OK;
  expect((await client.ask("/truth", TO_RAW)).text).toBe("ok");
  expect(raw.connections).toBe(opened + 1);
});

test("octets behind the end of a response are answers to nobody: their connection is not used again", async () => {
  answer = (socket, request) => {
    const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    socket.write(request.startsWith("GET /first ") ? OK + forged : OK);
  };
  using client = await shunt.connect();
  expect((await client.ask("/first", TO_RAW)).text).toBe("ok");
  const opened = raw.connections;
  expect((await client.ask("/second", TO_RAW)).text).toBe("ok");
  expect(raw.connections).toBe(opened + 1);
});

test.each([
  ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
])(
  "a server that says %s and does not close gets no other request over that connection",
  async (_, octets) => {
    answer = octets;
    using client = await shunt.connect();
    expect((await client.ask("/first", TO_RAW)).text).toBe("ok");
    const opened = raw.connections;
    expect((await client.ask("/second", TO_RAW)).text).toBe("ok");
    expect(raw.connections).toBe(opened + 1);
  },
);

test("octets that come while a server connection is idle end it, and no client gets them", async () => {
  using client = await shunt.connect();
  expect((await client.ask("/first", TO_RAW)).text).toBe("ok");
  for (const socket of raw.open) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
  await eventually(
    () => raw.open.size,
    (open) => open === 0,
  );
  expect((await client.ask("/second", TO_RAW)).text).toBe("ok");
});

test.each([
  ["Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"],
  ["chunks, in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf"],
  ["chunks, before the last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
  ["chunks, in the trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n"],
])("a response of %s that breaks off never looks complete to the client", async (_, octets) => {
  answer = (socket) => socket.end(octets);
  using client = await shunt.connect();
  await client.send(get("/half", TO_RAW) + get("/behind"));
  await expect(client.response()).rejects.toThrow(Truncated);
});

test("a chunked response that breaks off does not look complete to an HTTP/1.0 client: its connection is reset", async () => {
  answer = (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf");
  using client = await shunt.connect();
  await client.send(get("/half", TO_RAW).replace("HTTP/1.1", "HTTP/1.0"));
  await expect(client.response()).rejects.toThrow("ECONNRESET");
});

test("a server that resets a close-delimited response does not make it look complete", async () => {
  answer = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf", () => socket.resetAndDestroy());
  };
  using client = await shunt.connect();
  await client.send(get("/half", TO_RAW));
  await expect(client.response()).rejects.toThrow();
});

test("a response that stalls in mid-body is cut after timeouts.bodyIdleMs", async () => {
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  using client = await shunt.connect();
  await client.send(get("/half", TO_RAW));
  await expect(client.response()).rejects.toThrow(Truncated);
  await eventually(
    () => raw.open.size,
    (open) => open === 0,
  );
});

test("a server that floods a pipelined request with interim responses is not read until their turn, nor late", async () => {
  const all = Promise.withResolvers<void>();
  // As many as a server may send by itself; the Via that they get makes them more than Shunt holds.
  const interim = `HTTP/1.1 103 Early Hints\r\nLink: ${"x".repeat(28)}\r\n\r\n`;
  const count = HELD / interim.length;
  await using flooding = await RawServer.start("flooding", (socket) => {
    socket.write(interim.repeat(count));
    void all.promise.then(() => socket.write(OK));
  });
  await using streaming = await RawServer.start("streaming", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    const timer = setInterval(() => socket.write("."), RESPONSE_MS / 4);
    socket.on("close", () => clearInterval(timer));
  });
  await using own = await startShunt({
    ...goldAndGeneral([flooding], [streaming]),
    limits: { responseBufferBytes: HELD, headBytes: HELD, targetBytes: 1_024 },
    timeouts: { responseMs: RESPONSE_MS },
  });
  using client = await own.connect();
  await client.send(get("/stream") + get("/flood", TO_RAW));
  expect((await client.response()).text).toBe("..........");
  all.resolve();
  const statuses = (await client.responses(count)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([103]));
  const { status, text } = await client.response();
  expect([status, text]).toEqual([200, "ok"]);
});

test("a server that does not answer in time gives a 504, is asked once, and its connection ends", async () => {
  answer = () => {};
  const asked = raw.heads.length;
  using client = await shunt.connect();
  const response = await client.ask("/silence", TO_RAW);
  expect([response.status, field(response, "proxy-status")]).toEqual([
    504,
    "shunt; error=http_response_timeout",
  ]);
  expect(raw.heads.length - asked).toBe(1);
  await eventually(
    () => raw.open.size,
    (open) => open === 0,
  );
  expect((await client.ask("/on")).text).toBe("good GET /on");
});

test("an error of the server is its answer, and is handed on as it is", async () => {
  answer = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";
  const asked = raw.heads.length;
  using client = await shunt.connect();
  const response = await client.ask("/busy", TO_RAW);
  expect([response.status, response.text, field(response, "retry-after")]).toEqual([503, "busy", "7"]);
  expect(field(response, "proxy-status")).toBeUndefined();
  expect(raw.heads.length - asked).toBe(1);
});
