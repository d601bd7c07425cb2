/**
 * The four sample servers for long contents: `GET /down/BYTES` is answered with as many, `POST /up` with the number that
 * came. Its only argument is a JSON object of ports by server name.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { HOST } from "../loopback.ts";
import { CHUNK_BYTES } from "./work.ts";

const chunk = Buffer.alloc(CHUNK_BYTES, "x");
const ports: Record<string, number> = JSON.parse(process.argv[2] ?? "{}");
for (const port of Object.values(ports)) {
  createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
    if (request.method === "GET") void send(response, Number(request.url?.split("/").at(-1)));
    else take(request, response);
  }).listen(port, HOST);
}

async function send(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { "Content-Length": bytes });
  for (let left = bytes; left > 0 && !response.destroyed; left -= CHUNK_BYTES) {
    if (response.write(left < CHUNK_BYTES ? chunk.subarray(0, left) : chunk)) continue;
    await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

function take(request: IncomingMessage, response: ServerResponse): void {
  let taken = 0;
  request.on("data", (part: Buffer) => {
    taken += part.length;
  });
  request.on("end", () => response.end(String(taken)));
}
