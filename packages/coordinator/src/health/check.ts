import { connect, type Socket } from "node:net";
import {
  type ActiveHealth,
  type CheckResult,
  FIXED,
  type HttpCheck,
  type ProxyProtocol,
  parseAddress,
  writeProxyHeader,
} from "@shunt/core";
import type { Dispatcher } from "undici";

/** One server as it is to be checked. */
export interface CheckedServer {
  readonly host: string;
  readonly port: number;
  /** For the Host field, where the check names no other. */
  readonly authority: string;
  /** The header that connections to it begin with; not those to another port. */
  readonly proxyProtocol: ProxyProtocol;
  readonly active: ActiveHealth;
}

/**
 * Checks a server once, over a connection of its own that is closed afterwards: a kept one would show that a connection
 * works, and not that the server takes new ones. Never rejects, and never takes longer than `timeoutMs`.
 */
export async function check(server: CheckedServer): Promise<CheckResult> {
  try {
    const { active } = server;
    return await (active.check.kind === "tcp" ? checkTcp(server) : checkHttp(server, active.check));
  } catch (error) {
    return { passed: false, found: inWords(error) };
  }
}

class TooLate extends Error {
  override readonly name = "TooLate";
}

/** How to end what takes too long; call the answer when it is over. */
function within(timeoutMs: number, end: (error: TooLate) => void): () => void {
  const timer = setTimeout(() => end(new TooLate(`no answer within ${timeoutMs} ms`)), timeoutMs);
  return () => clearTimeout(timer);
}

async function checkTcp(server: CheckedServer): Promise<CheckResult> {
  const socket = opened(server);
  const over = within(server.active.timeoutMs, (error) => socket.destroy(error));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.on("error", reject);
    });
    return { passed: true, found: "connection accepted" };
  } finally {
    over();
    socket.destroy();
  }
}

async function checkHttp(server: CheckedServer, asked: HttpCheck): Promise<CheckResult> {
  // Loaded where there are such checks: it is a quarter of what a coordinator loads.
  const { Client } = await import("undici");
  const client = new Client(`http://${server.authority}`, {
    maxHeaderSize: FIXED.checkHeadBytes,
    // One time limit holds for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_, callback) => {
      const socket = opened(server);
      socket.once("connect", () => callback(null, socket));
      socket.once("error", (error) => callback(error, null));
    },
  });
  const end = (error: TooLate | null): void => {
    client.destroy(error).catch(() => {});
  };
  const over = within(server.active.timeoutMs, end);
  try {
    const { statusCode, body } = await client.request({
      method: asked.method,
      path: asked.path,
      headers: { host: asked.host ?? server.authority, "user-agent": "shunt-check" },
      reset: true,
    });
    const found = `status ${statusCode}`;
    if (!asked.status.some(([lowest, highest]) => statusCode >= lowest && statusCode <= highest))
      return { passed: false, found };
    if (asked.body === undefined || (await contains(body, asked.body))) return { passed: true, found };
    return { passed: false, found: `${found}, without the text that its content is to have` };
  } finally {
    over();
    end(null);
  }
}

/** Whether the text stands in as much of the content as is read. */
async function contains(body: Dispatcher.ResponseData["body"], text: string): Promise<boolean> {
  body.on("error", () => {});
  let read = Buffer.alloc(0);
  for await (const chunk of body) {
    read = Buffer.concat([read, chunk as Buffer]).subarray(0, FIXED.checkBodyBytes);
    if (read.includes(text)) return true;
    if (read.length === FIXED.checkBodyBytes) return false;
  }
  return false;
}

function opened({ host, port, active, proxyProtocol }: CheckedServer): Socket {
  const socket = connect({ host, port: active.port === 0 ? port : active.port });
  if (proxyProtocol !== "off" && active.port === 0)
    socket.once("connect", () => introduce(socket, proxyProtocol));
  return socket;
}

/** The coordinator speaks for itself: the connection is from here to there. */
function introduce(socket: Socket, version: "v1" | "v2"): void {
  const source = parseAddress(socket.localAddress ?? "");
  const destination = parseAddress(socket.remoteAddress ?? "");
  if (source === undefined || destination === undefined) return;
  const ends = {
    source: { address: source, port: socket.localPort ?? 0 },
    destination: { address: destination, port: socket.remotePort ?? 0 },
  };
  socket.write(writeProxyHeader(version, ends));
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no route to it",
  ENOTFOUND: "its name was not found",
  ETIMEDOUT: "it did not accept in time",
  UND_ERR_SOCKET: "it closed the connection without an answer",
  UND_ERR_HEADERS_OVERFLOW: "the head of its answer is too large",
};

/** Texts of errors may quote what the server sent, so only their codes are told. */
function inWords(error: unknown): string {
  if (error instanceof TooLate) return error.message;
  if (!(error instanceof Error)) return "the check failed";
  if (error.name === "HTTPParserError") return "its answer is not HTTP";
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return WORDS[code] ?? `the check failed (${code})`;
}
