import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request as send } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender } from "./contender.ts";
import { HOST } from "./loopback.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

/** Requests of each class that are sent to see where they go. */
const PROBES = 8;
/** Buffered logs are written once a second or when a buffer is full. */
const LOG_TIMEOUT_MS = 5_000;

interface Answer {
  readonly status: number;
  readonly server: string;
  readonly via: string;
  readonly content: Buffer;
}

/** Sends a request with or without the gold cookie. */
type Ask = (scenario: Pick<Scenario, "method" | "path" | "requestBytes">, gold: boolean) => Promise<Answer>;

/**
 * Does the target do the work that is about to be measured: route each request of one connection by its cookie, tell
 * the server about client and request, answer in full, log every request?
 * Returns the first thing that it does not do, as a sentence; undefined when all is well. The limit is not asked.
 */
export async function verify(contender: Contender, signal: AbortSignal): Promise<string | undefined> {
  if (!contender.target.isProxy) return undefined;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let asked = 0;
  const ask: Ask = (scenario, gold) => {
    asked++;
    return exchange(agent, contender.place.port, scenario, gold, signal);
  };
  try {
    return (
      (await findRoutingFault(ask)) ??
      (await findContentFault(ask)) ??
      (await findLogFault(contender, asked, signal))
    );
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : error;
    return contender.obituary ?? `a request failed: ${reason}`;
  } finally {
    agent.destroy();
  }
}

async function findRoutingFault(ask: Ask): Promise<string | undefined> {
  const ids = new Set<string>();
  for (let probe = 0; probe < 2 * PROBES; probe++) {
    const gold = probe % 2 === 1;
    const answer = await ask({ method: "GET", path: "/seen", requestBytes: 0 }, gold);
    const cookie = gold ? "with" : "without";
    if (answer.status !== 200) return `it answered ${answer.status} to a request ${cookie} the cookie`;
    if (!answer.server.startsWith(gold ? "g" : "s")) {
      return `it sent a request ${cookie} the cookie to server "${answer.server}"`;
    }
    const [via = "", client = "", id = ""] = answer.content.toString().split("\n");
    if (via === "") return "it adds no Via towards the server";
    if (answer.via === "") return "it adds no Via towards the client";
    if (!client.includes(HOST)) return `it says X-Forwarded-For "${client}" where the client is ${HOST}`;
    if (id === "" || ids.has(id)) return "it does not give each request an X-Request-Id of its own";
    ids.add(id);
  }
  return undefined;
}

async function findContentFault(ask: Ask): Promise<string | undefined> {
  for (const scenario of scenarios) {
    for (const gold of [true, false]) {
      const { status, content } = await ask(scenario, gold);
      if (status === 200 && content.length === scenario.responseBytes) continue;
      return `it answered ${scenario.title} with ${status} and ${content.length} bytes`;
    }
  }
  return undefined;
}

async function findLogFault(
  { target, place: { log } }: Contender,
  asked: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!target.accessLog) return undefined;
  for (const deadline = Date.now() + LOG_TIMEOUT_MS; Date.now() < deadline; ) {
    if (countLines(log) >= asked) return undefined;
    await sleep(100, undefined, { signal });
  }
  return `it logged ${countLines(log)} lines for ${asked} requests within ${LOG_TIMEOUT_MS} ms`;
}

function countLines(path: string): number {
  return readFileSync(path, "latin1").split("\n").length - 1;
}

async function exchange(
  agent: Agent,
  port: number,
  { method, path, requestBytes }: Pick<Scenario, "method" | "path" | "requestBytes">,
  gold: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const content = requestBytes > 0 ? "x".repeat(requestBytes) : undefined;
  const headers = {
    ...(gold && { Cookie: "tier=gold" }),
    ...(content && { "Content-Length": content.length }),
  };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
  const request = send({ host: HOST, port, method, path, headers, agent, signal: limit }).end(content);
  const [response]: [IncomingMessage] = (await once(request, "response")) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    server: String(response.headers["x-server"] ?? ""),
    via: String(response.headers.via ?? ""),
    content: await buffer(response),
  };
}
