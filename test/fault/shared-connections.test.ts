import type { Socket } from "node:net";
import { expect, test } from "vitest";
import type { ShuntOptions } from "../../packages/core/src/config/options.ts";
import { dice } from "../support/dice.ts";
import { eventually } from "../support/eventually.ts";
import { bodyOf, OrderlyServer } from "../support/orderly-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { field, type RawResponse } from "../support/response-reader.ts";
import { type Named, onePool, poolOf, startShunt } from "../support/shunt.ts";

/** Server connections that requests of several clients share (`share: "auto"`): each client gets its own answers. */

const sharedPool = (...servers: readonly Named[]): Partial<ShuntOptions> => ({
  ...onePool(...servers),
  pools: { all: { ...poolOf(...servers), share: "auto" } },
});

const METHODS = ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST"] as const;
const BURSTS = 4;

/** What became of requests. */
class Tally {
  right = 0;
  /** Our 502 or 504. */
  refused = 0;
  brokenOff = 0;
  left = 0;
  readonly wrong: string[] = [];

  note(method: string, target: string, response: RawResponse): void {
    const { status, text, framing } = response;
    if (status === 502 && field(response, "proxy-status") !== undefined) this.refused++;
    else if (field(response, "x-target") !== target)
      this.wrong.push(`${method} ${target}: ${field(response, "x-target")}`);
    else if (text !== "" && text !== bodyOf(target, text.length - target.length - 1))
      this.wrong.push(`${method} ${target}: ${framing} ${text.slice(0, 60)}`);
    else this.right++;
  }
}

/** One client: a few bursts of pipelined requests, each with a target of its own; it may leave at any moment. */
async function ask(url: string, client: number, tally: Tally): Promise<void> {
  const random = dice(client);
  using connection = await RawClient.connect(url);
  for (let burst = 0; burst < BURSTS; burst++) {
    const asked = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) => ({
      method: METHODS[Math.floor(random() * METHODS.length)] as string,
      target: `/${client}/${burst}/${i}`,
    }));
    await connection.send(
      asked.map(({ method, target }) => `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""),
    );
    const stays = random() < 0.9 ? asked.length : Math.floor(random() * asked.length);
    for (const { method, target } of asked.slice(0, stays)) {
      const response = await finalResponse(connection, method);
      if (response === undefined) {
        tally.brokenOff++;
        return;
      }
      tally.note(method, target, response);
    }
    if (stays === asked.length) continue;
    tally.left++;
    if (random() < 0.5) connection.socket.resetAndDestroy();
    return;
  }
}

/** Undefined: the connection ended in the middle of it, or before. */
async function finalResponse(connection: RawClient, method: string): Promise<RawResponse | undefined> {
  try {
    for (;;) {
      const response = await connection.response(method);
      if (response.status >= 200) return response;
    }
  } catch (error) {
    if (String(error).includes("not in time")) throw error;
    return undefined;
  }
}

async function ofMany(url: string, clients: number, atOnce: number): Promise<Tally> {
  const tally = new Tally();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < clients) await ask(url, next++, tally);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return tally;
}

test("answers of 3000 clients that share connections to good servers are never mixed up, and none is lost", async () => {
  await using a = await OrderlyServer.start("a", 1, { slow: 0.01, large: 0.01 });
  await using b = await OrderlyServer.start("b", 2, { slow: 0.01, large: 0.01 });
  await using shunt = await startShunt(sharedPool(a, b));
  const { wrong, right, refused, brokenOff, left } = await ofMany(shunt.url, 3_000, 200);
  expect({ wrong, refused, brokenOff }).toEqual({ wrong: [], refused: 0, brokenOff: 0 });
  expect(right).toBeGreaterThan(20_000);
  expect(left).toBeGreaterThan(100);
  // Requests did ride together, or the trial proves nothing.
  expect(a.waited + b.waited).toBeGreaterThan(100);
  await shunt.quiet();
}, 120_000);

test("answers of 2000 clients are never mixed up when servers stall, and break off connections at random moments", async () => {
  await using a = await OrderlyServer.start("a", 3, { slow: 0.02, breaks: 0.01, large: 0.01 });
  await using b = await OrderlyServer.start("b", 4, { slow: 0.02, breaks: 0.01, large: 0.01 });
  await using shunt = await startShunt(sharedPool(a, b));
  const { wrong, right, refused } = await ofMany(shunt.url, 2_000, 200);
  expect(wrong).toEqual([]);
  expect(right).toBeGreaterThan(10_000);
  // Nobody but those whose own answer broke off: a hundredth of the requests break, and those behind are asked again.
  expect(refused / right).toBeLessThan(0.01);
  expect(await shunt.metric("shunt_requests_moved_total", 'reason="broken"')).toBeGreaterThan(0);
  await shunt.quiet();
}, 120_000);

/** Pipelines two requests, which share a connection once the server has answered one. */
async function shareOne(
  shunt: { connect(): Promise<RawClient> },
  one: string,
  two: string,
): Promise<RawClient> {
  const client = await shunt.connect();
  await client.ask("/first");
  await client.send(`GET ${one} HTTP/1.1\r\nHost: a\r\n\r\nGET ${two} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return client;
}

const ok = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const targetOf = (head: string): string => head.split(" ")[1] ?? "";

test("a request behind an answer that does not come is answered by another connection", async () => {
  const stalled = new WeakSet<Socket>();
  await using server = await RawServer.start("s", (socket, head) => {
    if (targetOf(head) === "/stalls") stalled.add(socket);
    if (!stalled.has(socket)) socket.write(ok(targetOf(head)));
  });
  await using shunt = await startShunt(sharedPool(server));
  using client = await shareOne(shunt, "/stalls", "/waits");
  const askedAgain = (): boolean => server.heads.filter((head) => targetOf(head) === "/waits").length === 2;
  await eventually(askedAgain, Boolean);
  client.socket.resetAndDestroy();
  await shunt.quiet();
  const moved = (): Promise<number> => shunt.metric("shunt_requests_moved_total", 'reason="late"');
  await eventually(moved, (count) => count === 1);
  expect(await shunt.metric("shunt_failures_total")).toBe(0);
});

test("a server that reads one of two requests, and forgets the other, still answers both", async () => {
  const reading = new WeakSet<Socket>();
  await using server = await RawServer.start("s", (socket, head) => {
    if (reading.has(socket)) return;
    reading.add(socket);
    setImmediate(() => reading.delete(socket));
    socket.write(ok(targetOf(head)));
  });
  await using shunt = await startShunt(sharedPool(server));
  using client = await shareOne(shunt, "/1", "/2");
  expect((await client.responses(2)).map(({ text }) => text)).toEqual(["/1", "/2"]);
  expect(server.heads.map(targetOf)).toEqual(["/first", "/1", "/2", "/2"]);
});
