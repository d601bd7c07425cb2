import { once } from "node:events";
import { connect } from "node:net";
import { HOST } from "../loopback.ts";

export interface PipelineResult {
  readonly totalMs: number;
  readonly inOrder: boolean;
  /** Undefined when every request was answered with 200; else what happened instead. */
  readonly fault: string | undefined;
}

/**
 * Sends `depth` GETs in one write on one connection, every second one with the gold cookie, and waits for all answers.
 * Answers are told apart by the target that the slow servers repeat in them.
 */
export async function sendPipeline(
  port: number,
  depth: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<PipelineResult> {
  signal.throwIfAborted();
  const socket = connect(port, HOST).setNoDelay();
  const closeSocket = (): void => void socket.destroy();
  const timer = setTimeout(closeSocket, timeoutMs);
  signal.addEventListener("abort", closeSocket);
  try {
    await once(socket, "connect");
    const startedAt = performance.now();
    socket.write(Array.from({ length: depth }, (_, index) => requestText(index)).join(""));
    let received = "";
    for await (const chunk of socket.setEncoding("latin1")) {
      received += chunk;
      if (answeredIndices(received).length >= depth) break;
    }
    signal.throwIfAborted();
    return { totalMs: performance.now() - startedAt, ...judge(received, depth) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", closeSocket);
    socket.destroy();
  }
}

/** What a client received for its pipeline: is it complete, and in order? */
export function judge(received: string, depth: number): Omit<PipelineResult, "totalMs"> {
  const indices = answeredIndices(received);
  const good = received.match(/^HTTP\/1\.1 200 /gm)?.length ?? 0;
  const complete = indices.length === depth && good === depth;
  return {
    inOrder: indices.every((answered, index) => answered === index),
    fault: complete ? undefined : `${indices.length} of ${depth} answers, ${good} of them with 200`,
  };
}

function requestText(index: number): string {
  const cookie = index % 2 === 0 ? "" : "Cookie: tier=gold\r\n";
  return `GET /slow/${index} HTTP/1.1\r\nHost: ${HOST}\r\n${cookie}\r\n`;
}

function answeredIndices(received: string): number[] {
  return Array.from(received.matchAll(/answer to \/slow\/(\d+)\n/g), ([, index]) => Number(index));
}
