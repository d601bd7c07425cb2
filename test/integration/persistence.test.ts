import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { get, head, post, type RawClient } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { echo, type Handler, SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** How messages end and whether connections outlive them, on both sides (RFC 9112, sections 6 and 9). */

const run = promisify(execFile);

let server: SampleServer;
let raw: RawServer;
let shunt: RunningShunt;

/** Framings that servers may choose, by path. */
const framings: Handler = async (request, response, sample) => {
  switch (request.url) {
    case "/chunked":
      response.write("one ");
      response.end("two");
      break;
    case "/204":
      response.writeHead(204).end();
      break;
    case "/304":
      response.writeHead(304, { etag: '"a"', "content-length": 10 }).end();
      break;
    case "/early":
      response.end("no need");
      break;
    default:
      await echo(request, response, sample);
  }
};

beforeAll(async () => {
  server = await SampleServer.start("http", framings);
  raw = await RawServer.start("raw", (socket) => {
    // The oldest framing: no length, and the end of the connection is the end of the body.
    socket.end("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
  });
  shunt = await startShunt(goldAndGeneral([raw], [server]));
});

afterEach(() => shunt.quiet());

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await raw[Symbol.asyncDispose]();
});

const TO_RAW = "Cookie: tier=gold";

test("a close-delimited response reaches an HTTP/1.1 client in chunks, and its connection lives on", async () => {
  using client = await shunt.connect();
  for (let i = 0; i < 2; i++) {
    const response = await client.ask("/x", TO_RAW);
    expect([response.framing, response.text]).toEqual(["chunked", "until the end"]);
  }
  expect((await client.ask("/after")).text).toBe("http GET /after");
});

test("HEAD, 204 and 304 have no body, and the response behind them is the next", async () => {
  using client = await shunt.connect();
  await client.send(
    [get("/chunked").replace("GET", "HEAD"), get("/204"), get("/304"), get("/next")].join(""),
  );
  expect((await client.response("HEAD")).status).toBe(200);
  expect((await client.response()).status).toBe(204);
  const notModified = await client.response();
  expect([notModified.status, field(notModified, "content-length")]).toEqual([304, "10"]);
  expect((await client.response()).text).toBe("http GET /next");
});

test("a HEAD to a server that does not say the length has no body either", async () => {
  using client = await shunt.connect();
  await client.send(get("/x", TO_RAW).replace("GET", "HEAD"));
  expect((await client.response("HEAD")).status).toBe(200);
  expect((await client.ask("/next")).text).toBe("http GET /next");
});

test.each(["close", "Close", "foo, close"])("Connection: %s closes behind the response", async (value) => {
  using client = await shunt.connect();
  const response = await client.ask("/x", `Connection: ${value}`);
  expect([response.text, field(response, "connection")]).toEqual(["http GET /x", "close"]);
  expect(await client.closes()).toBe(true);
});

test("requests behind one with Connection: close are not sent anywhere", async () => {
  using client = await shunt.connect();
  const before = server.received.length;
  await client.send(get("/last", "Connection: close") + get("/never"));
  expect((await client.response()).text).toBe("http GET /last");
  expect(await client.closes()).toBe(true);
  expect(server.targets.slice(before)).toEqual(["/last"]);
});

function http10(target: string, ...fields: string[]): string {
  return head(`GET ${target} HTTP/1.0`, "Host: shunt.test", ...fields);
}

async function ask10(client: RawClient, target: string, ...fields: string[]) {
  await client.send(http10(target, ...fields));
  return await client.response();
}

test("an HTTP/1.0 client gets one response, then the end", async () => {
  using client = await shunt.connect();
  const response = await ask10(client, "/x");
  expect(response.text).toBe("http GET /x");
  expect(await client.closes()).toBe(true);
});

test("an HTTP/1.0 client without a Host field is served", async () => {
  using client = await shunt.connect();
  await client.send(head("GET /x HTTP/1.0"));
  expect((await client.response()).text).toBe("http GET /x");
});

test("an HTTP/1.0 client with keep-alive keeps its connection while lengths are known", async () => {
  using client = await shunt.connect();
  for (const target of ["/a", "/b"]) {
    const response = await ask10(client, target, "Connection: keep-alive");
    expect([response.text, field(response, "connection")]).toEqual([`http GET ${target}`, "keep-alive"]);
  }
});

test.each([
  ["chunked", "/chunked", [], "one two"],
  ["close-delimited", "/x", [TO_RAW], "until the end"],
])(
  "an HTTP/1.0 client with keep-alive gets a %s response plain, up to the end of its connection",
  async (_, target, fields, text) => {
    using client = await shunt.connect();
    const response = await ask10(client, target, "Connection: keep-alive", ...fields);
    expect([response.framing, response.text]).toEqual(["close", text]);
    expect(field(response, "connection")).toBe("close");
  },
);

test("a client that closes its half after sending gets all its answers, then the end", async () => {
  using client = await shunt.connect();
  await client.send(get("/a") + post("/b", "content") + get("/c"));
  client.end();
  const responses = await client.responses(3);
  expect(responses.map(({ text }) => text)).toEqual(["http GET /a", "http POST /b content", "http GET /c"]);
  expect(await client.closes()).toBe(true);
});

test("a client that closes its half in the middle of a head gets the answers to what was whole", async () => {
  using client = await shunt.connect();
  await client.send(`${get("/a")}GET /never HTTP/1.1\r\nHo`);
  client.end();
  expect((await client.response()).text).toBe("http GET /a");
  expect(await client.closes()).toBe(true);
});

test("curl's Expect: 100-continue is answered by the server, and the content arrives", async () => {
  const content = "c".repeat(2_000_000);
  const child = run(
    "curl",
    [
      "-sS",
      "-i",
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "60",
      "--data-binary",
      "@-",
      shunt.url,
    ],
    { maxBuffer: 8_000_000 },
  );
  child.child.stdin?.end(content);
  const { stdout } = await child;
  expect(stdout).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
  expect(stdout).toMatch(/\r\nHTTP\/1\.1 200 OK\r\n/);
  expect(stdout.endsWith(`http POST / ${content}`)).toBe(true);
});

test("a client that expects 100-continue is not made to send what the server refuses", async () => {
  await using picky = await RawServer.start("picky", (socket) => {
    socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  });
  await using product = await startShunt(goldAndGeneral([picky], [server]));
  using client = await product.connect();
  await client.send(
    head("PUT /x HTTP/1.1", "Host: a", TO_RAW, "Content-Length: 1000000", "Expect: 100-continue"),
  );
  const response = await client.response();
  // What follows is content or the next request; nobody can know, so the connection must not go on.
  expect([response.status, field(response, "connection")]).toEqual([413, "close"]);
  expect(await client.closes()).toBe(true);
});

test("a response that comes before all of the content is handed on, and both connections end", async () => {
  await using hasty = await RawServer.start("hasty", (socket) => {
    socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  });
  await using product = await startShunt(goldAndGeneral([hasty], [server]));
  using client = await product.connect();
  await client.send(`${head("PUT /x HTTP/1.1", "Host: a", TO_RAW, "Content-Length: 1000000")}some`);
  const response = await client.response();
  expect([response.status, response.text, field(response, "connection")]).toEqual([403, "no", "close"]);
  expect(await client.closes()).toBe(true);
  await product.quiet();
  expect(hasty.open.size).toBe(0);
});

test("interim responses reach a client in order, before the final one", async () => {
  await using hinting = await RawServer.start("hinting", (socket) => {
    socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  });
  await using product = await startShunt(goldAndGeneral([hinting], [server]));
  using client = await product.connect();
  await client.send(get("/x", TO_RAW));
  const responses = await client.responses(3);
  expect(responses.map(({ status }) => status)).toEqual([103, 102, 200]);
  expect(field(responses[0] ?? expect.fail(), "link")).toBe("</a.css>");
  using old = await product.connect();
  expect((await ask10(old, "/x", TO_RAW)).status).toBe(200);
});

test("trailers of a chunked response reach the client", async () => {
  await using trailing = await RawServer.start("trailing", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n");
  });
  await using product = await startShunt(goldAndGeneral([trailing], [server]));
  using client = await product.connect();
  await client.send(get("/x", TO_RAW, "Connection: close"));
  expect(await client.rest()).toMatch(/\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n$/);
});

test("fields of the connection stay on their connection, and those of a proxy are added", async () => {
  using client = await shunt.connect();
  await client.send(
    get(
      "/x",
      "Connection: X-Private",
      "X-Private: 1",
      "Keep-Alive: timeout=5",
      "X-Public: 2",
      "Via: 1.0 other",
    ),
  );
  const response = await client.response();
  const { headers } = server.received.at(-1) ?? expect.fail();
  expect(headers).not.toHaveProperty("x-private");
  expect(headers).not.toHaveProperty("keep-alive");
  expect(headers).toMatchObject({
    "x-public": "2",
    via: "1.0 other, 1.1 shunt",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "shunt.test",
    host: "shunt.test",
  });
  expect(headers["x-request-id"]).toMatch(/\S/);
  expect([field(response, "via"), field(response, "keep-alive")]).toEqual(["1.1 shunt", undefined]);
});

test("forwarding fields of a stranger are not believed, those of a trusted peer are", async () => {
  const forged = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "Forwarded: for=6.6.6.6"];
  using stranger = await shunt.connect();
  await stranger.ask("/x", ...forged);
  expect(server.received.at(-1)?.headers["x-forwarded-for"]).toBe("127.0.0.1");
  expect(server.received.at(-1)?.headers["x-forwarded-proto"]).toBe("http");
  expect(server.received.at(-1)?.headers.forwarded).not.toContain("6.6.6.6");
  await using product = await startShunt({
    ...goldAndGeneral([raw], [server]),
    trust: { peers: ["127.0.0.1"] },
  });
  using trusted = await product.connect();
  await trusted.ask("/x", ...forged);
  expect(server.received.at(-1)?.headers["x-forwarded-for"]).toBe("6.6.6.6, 127.0.0.1");
  expect(server.received.at(-1)?.headers["x-forwarded-proto"]).toBe("https");
});
