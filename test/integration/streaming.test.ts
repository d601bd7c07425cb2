import { createHash, type Hash } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { peakResidentBytes } from "../support/processes.ts";
import { get } from "../support/raw-client.ts";
import { type Handler, SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Bodies larger than anybody should hold. */

const MIB = 1024 * 1024;
const MOST_RESIDENT_BYTES = 150 * MIB;
const SLOW_BODY_BYTES = 100 * MIB;

let large: SampleServer;
let small: SampleServer;
let shunt: RunningShunt;
let received = "";

/** Takes any content and tells its hash; sends as many octets as the path says. */
const transfer: Handler = async (request, response) => {
  received = await hashOf(request);
  const [, bytes] = /^\/bytes\/(\d+)/.exec(request.url ?? "") ?? [];
  const chunked = request.url?.endsWith("/chunked") ?? false;
  if (bytes === undefined) response.end(received);
  else {
    response.writeHead(200, chunked ? {} : { "content-length": bytes });
    await pipeline(octets(Number(bytes)), response).catch(() => {});
  }
};

beforeAll(async () => {
  [large, small] = await Promise.all([SampleServer.start("large", transfer), SampleServer.start("small")]);
  shunt = await startShunt(goldAndGeneral([large], [small]));
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await large[Symbol.asyncDispose]();
  await small[Symbol.asyncDispose]();
});

/** So many octets, no two blocks of them alike. */
function octets(length: number): Readable {
  return Readable.from(
    (function* blocks() {
      for (let at = 0; at < length; at += 65_536) {
        const block = Buffer.alloc(Math.min(65_536, length - at), at % 251);
        block.write(`block at ${at};`);
        yield block;
      }
    })(),
  );
}

async function hashOf(stream: Readable): Promise<string> {
  const hash: Hash = createHash("sha256");
  await pipeline(stream, hash);
  return hash.digest("hex");
}

async function send(
  path: string,
  headers: Record<string, string | number>,
  content: Readable,
): Promise<IncomingMessage> {
  const request = httpRequest(`${shunt.url}${path}`, {
    method: "POST",
    agent: false,
    headers: { cookie: "tier=gold", ...headers },
  });
  const response = once(request, "response");
  await pipeline(content, request);
  const [message] = await response;
  return message;
}

test.each([
  [1_024, "with Content-Length"],
  [256, "in chunks"],
])(
  "a body of %i MiB each way, %s, arrives whole, and the acceptor stays below 150 MiB",
  async (mebibytes, framing) => {
    const bytes = mebibytes * MIB;
    const chunked = framing === "in chunks";
    const expected = await hashOf(octets(bytes));
    const path = `/bytes/${bytes}${chunked ? "/chunked" : ""}`;
    const response = await send(path, chunked ? {} : { "content-length": bytes }, octets(bytes));
    const sent = await hashOf(response);
    expect([received, sent]).toEqual([expected, expected]);
    expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_BYTES);
  },
  120_000,
);

test("100 MiB to a client that reads 64 KiB of it are left with the server, others are served meanwhile, and the acceptor stays below 150 MiB", async () => {
  using slow = await shunt.connect();
  await slow.send(get(`/bytes/${SLOW_BODY_BYTES}`, "Cookie: tier=gold", "Connection: close"));
  const begin = await slow.take(65_536);
  using other = await shunt.connect();
  for (let i = 0; i < 200; i++) expect((await other.ask(`/${i}`)).text).toBe(`small GET /${i}`);
  // Of another pool, and of the very server that sends.
  for (let i = 0; i < 20; i++) {
    const answer = await other.ask("/bytes/1000", "Cookie: tier=gold");
    expect(answer.body).toHaveLength(1_000);
  }
  expect(peakResidentBytes((await shunt.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_BYTES);
  const response = begin + (await slow.rest());
  const body = Buffer.from(response.slice(response.indexOf("\r\n\r\n") + 4), "latin1");
  expect(await hashOf(Readable.from([body]))).toBe(await hashOf(octets(SLOW_BODY_BYTES)));
});

test("a slow reader who leaves gives the load and the server connection back", async () => {
  using slow = await shunt.connect();
  await slow.send(get(`/bytes/${SLOW_BODY_BYTES}`, "Cookie: tier=gold"));
  await slow.take(65_536);
  await eventually(
    () => shunt.loads(),
    ([gold]) => gold?.outstanding === 1,
  );
  slow[Symbol.dispose]();
  await shunt.quiet();
  await eventually(
    () => large.running,
    (running) => running === 0,
  );
});

test("content for a server that reads slowly is left with the client", async () => {
  const gate = Promise.withResolvers<void>();
  await using reluctant = await SampleServer.start("reluctant", async (request, response) => {
    await gate.promise;
    response.end(await hashOf(request));
  });
  await using product = await startShunt(goldAndGeneral([reluctant], [small]));
  const request = httpRequest(`${product.url}/`, {
    method: "PUT",
    agent: false,
    headers: { cookie: "tier=gold", "content-length": SLOW_BODY_BYTES },
  });
  const response = once(request, "response");
  const sent = pipeline(octets(SLOW_BODY_BYTES), request);
  await eventually(
    () => [reluctant.running, request.writableNeedDrain],
    ([running, blocked]) => running === 1 && blocked === true,
  );
  using other = await product.connect();
  for (let i = 0; i < 200; i++) expect((await other.ask(`/${i}`)).text).toBe(`small GET /${i}`);
  expect(peakResidentBytes((await product.acceptor()).pid)).toBeLessThan(MOST_RESIDENT_BYTES);
  gate.resolve();
  await sent;
  const [message] = await response;
  let text = "";
  for await (const chunk of message) text += chunk;
  expect(text).toBe(await hashOf(octets(SLOW_BODY_BYTES)));
});
