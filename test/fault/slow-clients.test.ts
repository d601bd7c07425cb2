import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get, head, type RawClient } from "../support/raw-client.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/**
 * Clients that are never silent for long and never done. The windows of `limits.bodyBytesPerSecond` are 30 s, so the
 * slow ones of all kinds run beside each other, in one test.
 */

const MIB = 2 ** 20;

let server: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  server = await SampleServer.start("s", async (request, response) => {
    if (request.url === "/large") response.end(Buffer.alloc(64 * MIB));
    else if (request.url === "/events") {
      // Hardly anything, and nobody's fault.
      response.writeHead(200);
      for (let i = 0; i < 18; i++) {
        response.write(".");
        await sleep(2_000);
      }
      response.end("last");
    } else {
      request.resume();
      request.on("end", () => response.end("done"));
    }
  });
  shunt = await startShunt({
    ...onePool(server),
    timeouts: { headMs: 2_000, bodyIdleMs: 5_000, drainMs: 500 },
  });
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** Sends a piece every 500 ms for as long as the other end takes it; then is told what came back. */
async function trickle(client: RawClient, piece: string): Promise<void> {
  let open = true;
  client.socket.once("close", () => {
    open = false;
  });
  client.socket.once("end", () => {
    open = false;
  });
  while (open && client.socket.writable) {
    client.socket.write(piece);
    await sleep(500);
  }
}

test("a head that comes octet by octet gets 408 when its time is over, however lively it is", async () => {
  using client = await shunt.connect();
  await client.send("GET /head HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  void trickle(client, "x");
  const response = await client.response();
  expect([response.status, field(response, "proxy-status")]).toEqual([
    408,
    expect.stringContaining("head-timeout"),
  ]);
});

test("who sends or reads too slowly is told or cut after a window, and who has nothing to send or read is not", async () => {
  const slow = async (): Promise<void> => {
    using client = await shunt.connect();
    await client.send(head("POST /slow HTTP/1.1", "Host: a", "Content-Length: 100000"));
    void trickle(client, "x".repeat(10));
    await expect(patiently(client)).resolves.toMatch(/^HTTP\/1\.1 408 .*body-rate/s);
  };
  const slowChunks = async (): Promise<void> => {
    using client = await shunt.connect();
    await client.send(head("POST /slow HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"));
    void trickle(client, "1\r\nx\r\n");
    await expect(patiently(client)).resolves.toMatch(/^HTTP\/1\.1 408 .*body-rate/s);
  };
  const fastEnough = async (): Promise<void> => {
    using client = await shunt.connect();
    await client.send(head("POST /steady HTTP/1.1", "Host: a", "Content-Length: 7000"));
    for (let i = 0; i < 70; i++) {
      await client.send("x".repeat(100));
      await sleep(500);
    }
    expect((await client.response("POST")).text).toBe("done");
  };
  const quietServer = async (): Promise<void> => {
    using client = await shunt.connect();
    await client.send(get("/events"));
    await expect(patiently(client, "last\r\n0\r\n\r\n")).resolves.toMatch(
      /^HTTP\/1\.1 200 .*last\r\n0\r\n\r\n$/s,
    );
  };
  const started = Date.now();
  await Promise.all([slow(), slowChunks(), fastEnough(), quietServer()]);
  expect(Date.now() - started).toBeGreaterThan(30_000);
  expect(await shunt.metric("shunt_requests_refused_total", 'rule="body-rate"')).toBe(2);
});

test("who takes nothing of its answer is cut, and the log says that it was the client's time", async () => {
  using client = await shunt.connect();
  client.socket.pause();
  await client.send(get("/large"));
  await eventually(
    () => shunt.metric("shunt_slow_readers_cut_total"),
    (count) => count === 1,
  );
  const [line] = (await shunt.accessLog(1)).filter(({ target }) => target === "/large");
  expect(line).toMatchObject({ status: 200, ended: "cD" });
  await shunt.quiet();
});

/** Whatever comes up to `end`, or to the end of the connection; for what takes longer than a test usually waits. */
async function patiently({ socket }: RawClient, end?: string): Promise<string> {
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (end !== undefined && text.endsWith(end)) break;
  }
  return text;
}
