/**
 * The four sample servers where nginx is missing, or where answers are held back: one process, the answers of
 * servers/nginx.conf from memory. Arguments: a JSON object of ports by server name, and the milliseconds of delay.
 */
import { createServer, type RequestListener } from "node:http";
import { HOST } from "../loopback.ts";
import { scenarios } from "../scenarios.ts";

const ports: Record<string, number> = JSON.parse(process.argv[2] ?? "{}");
const delayMs = Number(process.argv[3] ?? 0);
const answers = new Map(scenarios.map(({ path, responseBytes }) => [path, Buffer.alloc(responseBytes, "x")]));

for (const [name, port] of Object.entries(ports)) {
  createServer({ keepAliveTimeout: 600_000 }, answer(name)).listen(port, HOST);
}

function answer(name: string): RequestListener {
  return (request, response) => {
    request.resume().once("end", () => {
      const { via = "", "x-forwarded-for": client = "", "x-request-id": id = "" } = request.headers;
      const seen = Buffer.from(`${via}\n${client}\n${id}\n`);
      const content = request.url === "/seen" ? seen : answers.get(request.url ?? "");
      response.writeHead(content ? 200 : 404, { "X-Server": name, "Content-Length": content?.length ?? 0 });
      if (delayMs === 0) response.end(content);
      else setTimeout(() => response.end(content), delayMs);
    });
  };
}
