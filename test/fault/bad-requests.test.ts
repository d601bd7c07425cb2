import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get, head, post } from "../support/raw-client.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Requests that Shunt refuses: what the client is told, what the log says, and that no server ever sees them. */

let server: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await SampleServer.start("s");
  shunt = await startShunt({
    ...onePool(server),
    classes: { all: { pool: "all" }, vip: { pool: "all" } },
    rules: [{ name: "vip", when: { path: { prefix: "/vip/" }, header: { "x-tier": false } }, class: "vip" }],
    limits: { headBytes: 4_096, targetBytes: 1_024, fields: 20 },
    timeouts: { headMs: 300, bodyIdleMs: 300, drainMs: 5_000 },
  });
});

afterEach(() => shunt.quiet());

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const HOST = "Host: shunt.test";

/** By the rule that refuses, the status, and octets that break it. */
const REFUSED: readonly (readonly [rule: string, status: number, octets: string])[] = [
  ["request-line", 400, head("GET  /two-spaces HTTP/1.1", HOST)],
  ["request-line", 400, head("\x16\x03\x01\x02\x00", HOST)],
  ["method", 501, head(`${"M".repeat(1_025)} / HTTP/1.1`, HOST)],
  ["target-ambiguous", 400, get("/a%00b")],
  ["target-ambiguous", 400, get("/public/..%2fvip/x")],
  ["connection-option", 400, get("/", "X-Tier: low", "Connection: X-Tier")],
  ["max-forwards", 400, head("OPTIONS * HTTP/1.1", HOST, "Max-Forwards: many")],
  ["trace-content", 400, head("TRACE / HTTP/1.1", HOST, "Content-Length: 1")],
  ["loop", 508, get("/", `Via: ${"1.1 shunt, ".repeat(11)}`)],
  ["version", 505, head("GET / HTTP/2.0", HOST)],
  ["target", 400, head("GET relative HTTP/1.1", HOST)],
  ["target-bytes", 414, get(`/${"x".repeat(1_024)}`)],
  ["head-bytes", 431, get("/", `X-Long: ${"x".repeat(4_096)}`)],
  ["fields", 431, get("/", ...Array.from({ length: 20 }, (_, i) => `X-${i}: 1`))],
  ["field-line", 400, get("/", "X Name: 1")],
  ["field-line", 400, get("/", "X-Name : 1")],
  ["field-line", 400, get("/", "X-Name: a", " folded")],
  ["request-line", 400, "GET / HTTP/1.1\nHost: shunt.test\n\n"],
  ["line-end", 400, "GET / HTTP/1.1\r\nHost: shunt.test\nX-A: 1\r\n\r\n"],
  ["host-missing", 400, head("GET / HTTP/1.1")],
  ["host-repeated", 400, get("/", HOST)],
  ["host-value", 400, head("GET / HTTP/1.1", "Host: a/b")],
  ["host-differs", 400, head("GET http://other.test/ HTTP/1.1", HOST)],
  ["content-length", 400, post("/", "").replace("Content-Length: 0", "Content-Length: +1")],
  ["content-length-repeated", 400, post("/", "", "Content-Length: 0")],
  ["two-lengths", 400, post("/", "", "Transfer-Encoding: chunked")],
  ["transfer-encoding", 400, head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked, chunked")],
  ["transfer-coding", 501, head("POST / HTTP/1.1", HOST, "Transfer-Encoding: gzip, chunked")],
  ["transfer-encoding-1.0", 400, head("POST / HTTP/1.0", HOST, "Transfer-Encoding: chunked")],
  ["connect", 501, head("CONNECT shunt.test:80 HTTP/1.1", HOST)],
  ["expect", 417, post("/", "x", "Expect: the-best")],
];

test.each(REFUSED)(
  "%s is refused with %i, told in Proxy-Status and in the log, and closes",
  async (rule, status, octets) => {
    const [seen, logged] = [server.received.length, shunt.logged("request refused").length];
    using client = await shunt.connect();
    // Behind it stands another request, which must not be read: nobody knows where it begins.
    await client.send(octets + get("/smuggled"));
    const response = await client.response();
    expect([response.status, field(response, "connection")]).toEqual([status, "close"]);
    expect(field(response, "proxy-status")).toContain(`details="${rule}"`);
    expect(response.text).toContain(rule);
    expect(await client.closes()).toBe(true);
    const lines = await eventually(
      () => shunt.logged("request refused").slice(logged),
      ({ length }) => length > 0,
    );
    expect(lines).toEqual([expect.objectContaining({ rule, status, client: "127.0.0.1" })]);
    expect(server.received).toHaveLength(seen);
  },
);

test("a refused request does not touch those before it on its connection", async () => {
  using client = await shunt.connect();
  await client.send(get("/1") + get("/2") + get("/3", "Bad Name: 1") + get("/4"));
  const responses = await client.responses(3);
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 400]);
  expect(await client.closes()).toBe(true);
});

test.each([
  ["chunk", 400, "5\r\nhelloX\r\n"],
  ["chunk", 400, "-5\r\nhello\r\n"],
  ["chunk", 400, "fffffffffffffffff\r\n"],
  ["chunk-extension-bytes", 400, `5;${"x".repeat(2_000)}\r\nhello\r\n`],
  ["trailer", 400, "0\r\nBad Trailer: 1\r\n\r\n"],
  ["trailer-bytes", 431, `0\r\nX-Long: ${"x".repeat(5_000)}\r\n\r\n`],
])(
  "content that breaks %s is refused with %i and never completed at the server",
  async (rule, status, octets) => {
    using client = await shunt.connect();
    const [before, logged] = [server.received.length, shunt.logged("request refused").length];
    await client.send(head("POST /bad HTTP/1.1", HOST, "Transfer-Encoding: chunked") + octets);
    const response = await client.response();
    expect([response.status, field(response, "proxy-status")]).toEqual([
      status,
      expect.stringContaining(rule),
    ]);
    expect(await client.closes()).toBe(true);
    await eventually(
      () => server.running,
      (running) => running === 0,
    );
    const lines = await eventually(
      () => shunt.logged("request refused").slice(logged),
      ({ length }) => length > 0,
    );
    // What is shown are octets of the content, in printable characters.
    expect(lines).toEqual([expect.objectContaining({ rule, octets: expect.stringMatching(/^[ -~]+$/) })]);
    // The head may have reached it; the end of the content has not, or it would have answered.
    expect(server.received.length - before).toBeLessThanOrEqual(1);
  },
);

test("a head that does not come to its end in time is answered 408, and its connection closes", async () => {
  using client = await shunt.connect();
  await client.send("GET /slow HTTP/1.1\r\nHos");
  const response = await client.response();
  expect([response.status, field(response, "connection")]).toEqual([408, "close"]);
  expect(field(response, "proxy-status")).toContain("head-timeout");
  expect(await client.closes()).toBe(true);
});

test("a head that trickles in is late all the same", async () => {
  using client = await shunt.connect();
  const trickle = setInterval(() => client.socket.write("x"), 20);
  try {
    await client.send("GET /slow");
    expect((await client.response()).status).toBe(408);
  } finally {
    clearInterval(trickle);
  }
});

test("content that stops coming is answered 408, and the server connection ends", async () => {
  using client = await shunt.connect();
  await client.send(post("/slow", "the whole").slice(0, -3));
  const response = await client.response();
  expect([response.status, field(response, "proxy-status")]).toEqual([
    408,
    expect.stringContaining("body-timeout"),
  ]);
  expect(await client.closes()).toBe(true);
  await eventually(
    () => server.running,
    (running) => running === 0,
  );
});

test("a connection that asks nothing is closed after timeouts.clientIdleMs without a word", async () => {
  await using product = await startShunt({
    ...onePool(server),
    timeouts: { clientIdleMs: 200, drainMs: 5_000 },
  });
  using never = await product.connect();
  expect(await never.closes()).toBe(true);
  using once = await product.connect();
  await once.ask("/x");
  expect(await once.closes()).toBe(true);
});

test("counters of refused requests stand in /metrics by rule", async () => {
  using client = await shunt.connect();
  const before = await shunt.metric("shunt_requests_refused_total", "host-missing");
  await client.send(head("GET / HTTP/1.1"));
  await client.response();
  await eventually(
    () => shunt.metric("shunt_requests_refused_total", "host-missing"),
    (count) => count === before + 1,
  );
});
