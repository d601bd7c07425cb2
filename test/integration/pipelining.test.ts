import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { SeedSequence } from "../../packages/core/src/random.ts";
import { delay, eventually } from "../support/eventually.ts";
import { Gate } from "../support/gate.ts";
import { get, head, post } from "../support/raw-client.ts";
import { field } from "../support/response-reader.ts";
import { echo, type Handler, SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Requests of one connection: their servers, their order, and which of them run side by side. */

let servers: SampleServer[];
let shunt: RunningShunt;
/** What the servers do in the test at hand. */
let handler: Handler;

/** Says who answers which request. */
const answer: Handler = (request, response, { name }) => {
  response.end(`${name} ${request.method} ${request.url} ${request.headers["x-id"] ?? ""}`);
};

beforeAll(async () => {
  const names = ["g1", "g2", "s1", "s2"];
  servers = await Promise.all(names.map((name) => SampleServer.start(name, (...all) => handler(...all))));
  shunt = await startShunt(goldAndGeneral(servers.slice(0, 2), servers.slice(2)));
  handler = answer;
});

afterEach(async () => {
  handler = answer;
  await shunt.quiet();
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  for (const server of servers) await server[Symbol.asyncDispose]();
});

const isGold = (i: number): boolean => i % 2 === 0;

/** Requests that alternate with and without the cookie, each with an id of its own. */
function alternating(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    get(`/${i}`, `X-Id: id-${i}`, ...(isGold(i) ? ["Cookie: tier=gold"] : [])),
  );
}

function expectedOf(i: number): RegExp {
  return isGold(i) ? new RegExp(`^g[12] GET /${i} id-${i}$`) : new RegExp(`^s[12] GET /${i} id-${i}$`);
}

test("1,000 requests of one connection, with the cookie and without in turn, are each answered by their own pool", async () => {
  using client = await shunt.connect();
  for (const [i, request] of alternating(1_000).entries()) {
    await client.send(request);
    expect((await client.response()).text).toMatch(expectedOf(i));
  }
});

test.each([1, 2, 3])(
  "1,000 pipelined requests in writes of random size are each answered by their own pool, in order (seed %i)",
  async (seed) => {
    using client = await shunt.connect();
    const sent = (async () => {
      for (const piece of piecesOf(Buffer.from(alternating(1_000).join("")), seed)) await client.send(piece);
    })();
    for (const [i, response] of (await client.responses(1_000)).entries()) {
      expect(response.text).toMatch(expectedOf(i));
    }
    await sent;
  },
);

/** Mostly small pieces, so that heads are cut in every place, and some that hold many heads. */
function piecesOf(octets: Buffer, seed: number): Buffer[] {
  const seeds = new SeedSequence(seed);
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; ) {
    const most = seeds.next() % 8 === 0 ? 8_000 : 200;
    const length = 1 + (seeds.next() % most);
    pieces.push(octets.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

test("8 pipelined GETs run at the servers at the same time and are answered in order, though the last is done first", async () => {
  const all = new Gate(8);
  const done: number[] = [];
  handler = async (request, response, server) => {
    await all.pass();
    const number = Number(request.url?.slice(1));
    // 200 ms in all for the first; those behind it are done earlier, the last of them first.
    await delay(200 - 25 * number);
    done.push(number);
    await answer(request, response, server);
  };
  using client = await shunt.connect();
  await client.send(alternating(8).join(""));
  const responses = await client.responses(8);
  expect(done).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  for (const [i, response] of responses.entries()) expect(response.text).toMatch(expectedOf(i));
});

/** Runs the requests of one connection and notes when each began and ended at its server. */
async function story(requests: readonly string[]): Promise<string[]> {
  const events: string[] = [];
  handler = async (request, response, server) => {
    const { method, url } = request;
    events.push(`${method} ${url} begins`);
    request.resume();
    if (!request.complete) await once(request, "end");
    await delay(20);
    events.push(`${method} ${url} ends`);
    await answer(request, response, server);
  };
  using client = await shunt.connect();
  await client.send(requests.join(""));
  const responses = await client.responses(requests.length);
  expect(responses.map(({ status }) => status)).toEqual(requests.map(() => 200));
  return events;
}

test("two pipelined POSTs never overlap at the servers", async () => {
  expect(await story([post("/a", "one"), post("/b", "two", "Cookie: tier=gold")])).toEqual([
    "POST /a begins",
    "POST /a ends",
    "POST /b begins",
    "POST /b ends",
  ]);
});

test.each([
  ["GET, POST, GET", [get("/a"), post("/b", "content"), get("/c")]],
  ["GET, POST without content, GET", [get("/a"), post("/b", ""), get("/c")]],
  ["GET, GET with content, GET", [get("/a"), post("/b", "content").replace("POST", "GET"), get("/c")]],
  ["GET, PUT, DELETE", ["GET", "PUT", "DELETE"].map((m, i) => post(`/${"abc"[i]}`, "").replace("POST", m))],
])("%s of one connection run strictly in turn", async (_, requests) => {
  const events = await story(requests);
  expect(events.map((event) => event.split(" ").slice(1).join(" "))).toEqual([
    "/a begins",
    "/a ends",
    "/b begins",
    "/b ends",
    "/c begins",
    "/c ends",
  ]);
});

test("safe requests behind a POST wait for it and then run together", async () => {
  const together = new Gate(3);
  const order: string[] = [];
  handler = async (request, response, server) => {
    if (request.method === "POST") {
      request.resume();
      await once(request, "end");
    } else await together.pass();
    order.push(String(request.method));
    await answer(request, response, server);
  };
  using client = await shunt.connect();
  await client.send([post("/0", "x"), get("/1"), get("/2"), get("/3")].join(""));
  const responses = await client.responses(4);
  expect(responses.map(({ text }) => text.split(" ")[2])).toEqual(["/0", "/1", "/2", "/3"]);
  expect(order).toEqual(["POST", "GET", "GET", "GET"]);
});

test("a pipelined request that fails gets its own 502, and its neighbours their answers", async () => {
  handler = (request, response, server) => {
    if (request.url === "/1") request.socket.write("HTTP/1.1 2OO What\r\n\r\n");
    else void answer(request, response, server);
  };
  using client = await shunt.connect();
  await client.send([get("/0"), get("/1"), get("/2")].join(""));
  const responses = await client.responses(3);
  expect(responses.map(({ status }) => status)).toEqual([200, 502, 200]);
  expect(responses[2]?.text).toContain("GET /2");
});

test("a response that breaks off ends the connection behind what is right, before the answer of the next request", async () => {
  handler = async (request, response, server) => {
    if (request.url === "/1") {
      response.writeHead(200, { "content-length": 10 });
      response.write("12345", () => request.socket.destroy());
    } else await answer(request, response, server);
  };
  using client = await shunt.connect();
  await client.send([get("/0"), get("/1"), get("/2")].join(""));
  expect((await client.response()).text).toContain("GET /0");
  const rest = await client.rest();
  expect(rest).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(rest).toMatch(/\r\n\r\n12345$/);
});

test("a head that arrives one byte at a time is understood", async () => {
  using client = await shunt.connect();
  for (const octet of Buffer.from(get("/slowly", "Cookie: a=b; tier=gold")))
    await client.send(Buffer.of(octet));
  expect((await client.response()).text).toMatch(/^g[12] GET \/slowly/);
});

test("the end of a head and the next head in one write are two requests", async () => {
  using client = await shunt.connect();
  const [first, second] = [get("/first", "Cookie: tier=gold"), get("/second")];
  await client.send(first.slice(0, -1));
  await client.send(first.slice(-1) + second);
  const [one, two] = await client.responses(2);
  expect([one?.text, two?.text]).toEqual([
    expect.stringMatching(/^g[12] GET \/first/),
    expect.stringMatching(/^s[12] GET \/second/),
  ]);
});

test.each([1, 2, 3])(
  "100 pipelined requests of which every third has content arrive with their own content, whatever the writes (seed %i)",
  async (seed) => {
    handler = echo;
    const content = (i: number): string => `<${`content of ${i} `.repeat(i * i)}>`;
    const requests = Array.from({ length: 100 }, (_, i) =>
      i % 3 === 0 ? post(`/${i}`, content(i)) : get(`/${i}`),
    );
    using client = await shunt.connect();
    const sent = (async () => {
      for (const piece of piecesOf(Buffer.from(requests.join("")), seed)) await client.send(piece);
    })();
    for (const [i, { text }] of (await client.responses(100)).entries()) {
      expect(text.slice(3)).toBe(i % 3 === 0 ? `POST /${i} ${content(i)}` : `GET /${i}`);
    }
    await sent;
  },
);

test("chunked content arrives as it was sent, and the request behind it is the next", async () => {
  handler = echo;
  using client = await shunt.connect();
  const chunked = head("POST /a HTTP/1.1", "Host: shunt.test", "Transfer-Encoding: chunked");
  await client.send(`${chunked}5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n${get("/b")}`);
  const [first, second] = await client.responses(2);
  expect([first?.text.slice(3), second?.text.slice(3)]).toEqual(["POST /a hello world", "GET /b"]);
});

test("pipelined requests beyond limits.pipelineDepth wait, and are answered too", async () => {
  using client = await shunt.connect();
  const sent = client.send(alternating(500).join(""));
  for (const [i, response] of (await client.responses(500)).entries()) {
    expect([response.status, field(response, "via")]).toEqual([200, "1.1 shunt"]);
    expect(response.text).toMatch(expectedOf(i));
  }
  await sent;
});

test("pipelined requests wait for their own predecessors, where those have filled their server", async () => {
  await using server = await SampleServer.start("narrow");
  const limits = { outstandingPerServer: 2 };
  await using narrow = await startShunt({ ...onePool(server), limits });
  using client = await narrow.connect();
  await client.send(Array.from({ length: 20 }, (_, i) => get(`/${i}`)).join(""));
  const responses = await client.responses(20);
  expect(responses.map(({ text }) => text)).toEqual(responses.map((_, i) => `narrow GET /${i}`));
  expect(server.mostRunning).toBeLessThanOrEqual(2);
});

test("a request that others have filled its server for gets 503, also behind one of its own connection", async () => {
  const gate = new Gate(2);
  await using full = await SampleServer.start("full", (_, response) =>
    gate.pass().then(() => void response.end()),
  );
  await using free = await SampleServer.start("free");
  await using narrow = await startShunt({
    ...goldAndGeneral([full], [free]),
    limits: { outstandingPerServer: 1 },
  });
  using stranger = await narrow.connect();
  await stranger.send(get("/", "Cookie: tier=gold"));
  await eventually(
    () => full.running,
    (running) => running === 1,
  );
  using client = await narrow.connect();
  await client.send(get("/1") + get("/2", "Cookie: tier=gold") + get("/3"));
  const statuses = (await client.responses(3)).map(({ status }) => status);
  expect(statuses).toEqual([200, 503, 200]);
  gate.arrive();
  expect((await stranger.response()).status).toBe(200);
});
