/** Sends or receives long contents over raw sockets, as cheaply as it can. Argument: Work as JSON; prints WorkDone. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { HOST } from "../loopback.ts";
import { Answers } from "./answers.ts";
import { CHUNK_BYTES, type Work, type WorkDone } from "./work.ts";

const work: Work = JSON.parse(process.argv[2] ?? "{}");
const chunk = Buffer.alloc(CHUNK_BYTES, "x");
let left = work.messages;

console.log(JSON.stringify(await run()));

async function run(): Promise<WorkDone> {
  const startedAt = performance.now();
  const faults = await Promise.all(Array.from({ length: work.connections }, converse));
  const seconds = (performance.now() - startedAt) / 1e3;
  return { seconds, fault: faults.find((fault) => fault !== undefined) };
}

/** One message after the other over one connection, until there are none left to begin. */
async function converse(_: unknown, index: number): Promise<string | undefined> {
  const answers = new Answers(work.port);
  const cookie = index % 2 === 0 ? "" : "Cookie: tier=gold\r\n";
  await once(answers.socket, "connect");
  try {
    while (left-- > 0) {
      const answer = answers.next();
      if (work.direction === "down") ask(answers.socket, cookie);
      else await upload(answers.socket, cookie);
      const { status, octets, content } = await answer;
      if (status !== "200") return `an answer of ${status}`;
      const whole = work.direction === "down" ? octets === work.bytes : content === String(work.bytes);
      if (!whole) return `${octets} octets of an answer, "${content.slice(0, 40)}"`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    answers.socket.destroy();
  }
}

function ask(socket: Socket, cookie: string): void {
  socket.write(`GET /down/${work.bytes} HTTP/1.1\r\nHost: ${HOST}\r\n${cookie}\r\n`);
}

async function upload(socket: Socket, cookie: string): Promise<void> {
  socket.write(`POST /up HTTP/1.1\r\nHost: ${HOST}\r\n${cookie}Content-Length: ${work.bytes}\r\n\r\n`);
  for (let rest = work.bytes; rest > 0; rest -= CHUNK_BYTES) {
    if (!socket.write(rest < CHUNK_BYTES ? chunk.subarray(0, rest) : chunk)) await once(socket, "drain");
  }
}
