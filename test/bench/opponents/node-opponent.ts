/**
 * What a Node proxy library leaves to its user, written once for all three: the cookie rule, the choice of the server
 * with the fewest outstanding requests, request ids, the access log, the listening server.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { pino } from "pino";
import { HOST } from "../loopback.ts";

export interface OpponentServer {
  readonly name: string;
  readonly url: URL;
  outstanding: number;
}

/** How the benchmark tells an opponent what to do: one JSON text as its only argument. */
export interface OpponentTask {
  readonly port: number;
  readonly log: string;
  readonly gold: Readonly<Record<string, number>>;
  readonly general: Readonly<Record<string, number>>;
}

const task: OpponentTask = JSON.parse(process.argv[2] ?? "{}");

const gold = serversOf(task.gold);
const general = serversOf(task.general);
export const servers: readonly OpponentServer[] = [...gold, ...general];

// Lines are collected and written without waiting, as pino's documentation advises for speed.
const log = pino(
  { base: null },
  pino.destination({ dest: task.log, sync: false, minLength: 8_192, periodicFlush: 1_000 }),
);

const goldCookie = /(?:^|;\s*)tier=gold(?:;|$)/;

/** The rule and the balance of every opponent in this benchmark. */
export function selectServer(cookie: string | undefined): OpponentServer {
  const pool = cookie !== undefined && goldCookie.test(cookie) ? gold : general;
  return pool.reduce((least, server) => (server.outstanding < least.outstanding ? server : least));
}

const run = `${process.pid.toString(36)}-${Date.now().toString(36)}-`;
let requests = 0;

/** Unique within a run, and cheap. */
export function nextRequestId(): string {
  return run + (requests++).toString(36);
}

/** Counts the request at its server until the response is out, then writes its line. */
export function track(
  request: IncomingMessage,
  response: ServerResponse,
  server: OpponentServer,
  id: string,
): void {
  const startedAt = performance.now();
  // read now: when the response closes, its socket may have been taken away
  const client = request.socket.remoteAddress;
  server.outstanding++;
  response.once("close", () => {
    server.outstanding--;
    log.info({
      id,
      client,
      method: request.method,
      url: request.url,
      server: server.name,
      status: response.statusCode,
      ms: performance.now() - startedAt,
    });
  });
}

/** What is said of this hop and of the client towards the server. */
export function addForwardingFields(
  headers: IncomingMessage["headers"],
  via: string,
  id: string,
  client = "",
): void {
  const forwarded = headers["x-forwarded-for"];
  headers.via = via;
  headers["x-forwarded-for"] = forwarded === undefined ? client : `${forwarded}, ${client}`;
  headers["x-request-id"] = id;
}

/** Serves on the port of the task until SIGTERM. */
export function serve(listener: RequestListener): void {
  createServer({ keepAliveTimeout: 60_000 }, listener).listen(task.port, HOST, ready);
}

export function ready(): void {
  console.log(`ready on ${HOST}:${task.port}`);
}

export const listenOptions = { port: task.port, host: HOST };

function serversOf(pool: Readonly<Record<string, number>>): OpponentServer[] {
  return Object.entries(pool).map(([name, port]) => ({
    name,
    url: new URL(`http://${HOST}:${port}`),
    outstanding: 0,
  }));
}
