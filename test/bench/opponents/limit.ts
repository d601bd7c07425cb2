import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { HOST } from "../loopback.ts";

const source = join(import.meta.dirname, "limit.c");
const PATIENCE_MS = 5_000;

/** Compiles limit.c into `dir`; returns the program's path. Throws with what the compiler says. */
export function compileLimit(dir: string): string {
  const program = join(dir, "limit");
  execFileSync("cc", ["-O2", "-o", program, source], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 60_000,
  });
  return program;
}

/** How many octets a server's whole answer to `GET /64` has. Its date changes, but not the length of it. */
export async function answerOctets(port: number): Promise<number> {
  const socket = connect(port, HOST);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  try {
    await once(socket, "connect");
    socket.write(`GET /64 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    let received = "";
    for await (const chunk of socket.setEncoding("latin1")) {
      received += chunk;
      const head = received.indexOf("\r\n\r\n");
      if (head >= 0) return head + 4 + 64;
    }
    throw new Error("a server did not answer GET /64");
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
