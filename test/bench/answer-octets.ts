import { once } from "node:events";
import { connect } from "node:net";
import { HOST } from "./loopback.ts";

const PATIENCE_MS = 5_000;

/**
 * How many octets the whole answer to a GET has: for programs that tell answers by counting. Dates change, but not their
 * length. Only for answers with Content-Length.
 */
export async function answerOctets(port: number, path: string): Promise<number> {
  const socket = connect(port, HOST);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  try {
    await once(socket, "connect");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    let received = "";
    for await (const chunk of socket.setEncoding("latin1")) {
      received += chunk;
      const octets = wholeOctets(received);
      if (octets !== undefined) return octets;
    }
    throw new Error(`Cannot tell the length of the answer to GET ${path}: it did not come`);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Undefined while the end of the head is missing. */
export function wholeOctets(received: string): number | undefined {
  const head = received.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(received.slice(0, head + 2))?.[1];
  if (length === undefined) throw new Error("Cannot tell the length of an answer without Content-Length");
  return head + 4 + Number(length);
}
