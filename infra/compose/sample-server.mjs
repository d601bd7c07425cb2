// node sample-server.mjs NAME MS: answers every request after MS milliseconds with who it is and what it was asked for.
import { createServer } from "node:http";

const [, , name, ms] = process.argv;

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  request.resume();
  setTimeout(() => response.end(`${name} answers ${request.method} ${request.url}\n`), Number(ms));
});
server.listen(9000);
process.on("SIGTERM", () => process.exit(0));
