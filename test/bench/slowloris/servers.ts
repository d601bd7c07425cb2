/** The servers behind, in a process of their own: it sends their ports to its parent. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** As many as let each be far from `limits.outstandingPerServer`: slow clients count at servers like any other. */
const SERVERS = 4;
const SMALL = Buffer.alloc(64, "x");
/** More than the kernel takes for a client that does not read. */
const LARGE = Buffer.alloc(8 * 2 ** 20, "x");

const ports: number[] = [];
for (let i = 0; i < SERVERS; i++) {
  const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => {
    request.resume();
    if (request.url === "/large") response.end(LARGE);
    else request.on("end", () => response.end(SMALL));
  });
  server.listen(0, "127.0.0.1", 4_096);
  await once(server, "listening");
  ports.push((server.address() as AddressInfo).port);
}
process.send?.({ ports });
process.on("disconnect", () => process.exit(0));
