/**
 * What a line of the access log costs: the event loop until it is handed over, and the process in CPU time, with the
 * writing and the garbage. Every exchange pays it once.
 *
 * Run it: node packages/worker/src/observe/access-log.bench.ts
 */

import { Backend } from "../connect/backend.ts";
import { exchangeOf, TestListener, TestLoop } from "../test-exchange.ts";
import { later } from "../test-peers.ts";
import { Attempt } from "../track/attempt.ts";
import { AccessLog } from "./access-log.ts";

const LINES = 100_000;
const ROUNDS = 5;
/** As many as settle in one turn of a busy loop. */
const LINES_OF_TURN = 32;

const listener = await TestListener.listen(new TestLoop());
const { client, socket } = await listener.open();
const head = "GET /index.html?page=2 HTTP/1.1\r\nHost: www.example.com\r\nCookie: tier=gold\r\n\r\n";
const exchange = await exchangeOf(client, head);
const server = { name: "g1", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
exchange.began(
  new Attempt(exchange, new Backend("gold", server, () => 0), 4_000_000_000, false, [], 5),
  true,
);
exchange.answers(200, 20);

const log = new AccessLog("/dev/null", "acceptor-1");
let best = Number.POSITIVE_INFINITY;
let leastCpu = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  let spent = 0;
  const before = process.cpuUsage();
  for (let i = 0; i < LINES; i += LINES_OF_TURN) {
    const start = performance.now();
    for (let k = 0; k < LINES_OF_TURN; k++) log.write(exchange, "h3kd83jdk2ls-4f5", 100 + k);
    spent += performance.now() - start;
    await later();
  }
  best = Math.min(best, spent);
  const { user, system } = process.cpuUsage(before);
  leastCpu = Math.min(leastCpu, user + system);
}
console.log(
  `one line: ${((best * 1e6) / LINES).toFixed(0)} ns, CPU ${((leastCpu * 1e3) / LINES).toFixed(0)} ns (${log.dropped} dropped for want of a faster disk)`,
);
await log.close();
socket.destroy();
listener.close();
