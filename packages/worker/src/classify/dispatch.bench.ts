/**
 * What it costs to have heads judged: on the loop one by one, and in a thread in batches. Wall clock is what a request
 * waits for its batch; CPU is that of the whole process, the threads included, per head.
 *
 * Run it: node packages/worker/src/classify/dispatch.bench.ts
 */

import { CONTENT, type Snapshot, type Verdict } from "@shunt/core";
import { snapshotOf } from "../test-snapshot.ts";
import { Dispatcher, type Unread } from "./dispatch.ts";

const HEADS = 40_000;
const ROUNDS = 3;
const HEAD = Buffer.from(
  "GET /articles/2026/11/balancer?page=2 HTTP/1.1\r\nHost: www.site.example\r\nConnection: keep-alive\r\n" +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0\r\n" +
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
    "Cookie: session=0123456789abcdef0123456789abcdef; tier=gold; theme=dark\r\n\r\n",
);

/** A client that has one head to be judged, again and again. */
class Client implements Unread {
  readonly peer = { family: 4, words: [0x7f00_0001, 0, 0, 0], trusted: false } as const;
  readonly unread = HEAD;
  readonly room = 64;
  readonly content = CONTENT.AHEAD;
  rules = 0;
  onJudged: () => void = () => {};
  judged(verdict: Verdict, _snapshot: Snapshot): void {
    this.rules += verdict.rule;
  }
  judgedAll(): void {
    this.onJudged();
  }
}

/** Judges batches of as many heads one after the other; resolves with the microseconds of wall clock and CPU per head. */
async function run(dispatcher: Dispatcher, size: number): Promise<{ wall: number; cpu: number }> {
  const clients = Array.from({ length: size }, () => new Client());
  const batches = Math.ceil(HEADS / size / (size === 1 ? 4 : 1));
  const before = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < batches; i++) {
    await new Promise<void>((resolve) => {
      let left = size;
      for (const client of clients) {
        client.onJudged = () => --left === 0 && resolve();
        dispatcher.enqueue(client);
      }
      dispatcher.flush();
    });
  }
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { wall: (wall * 1_000) / batches, cpu: (user + system) / (batches * size) };
}

async function best(name: string, dispatcher: Dispatcher, size: number): Promise<void> {
  let [wall, cpu] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    const measured = await run(dispatcher, size);
    wall = Math.min(wall, measured.wall);
    cpu = Math.min(cpu, measured.cpu);
  }
  console.log(
    `${name.padEnd(24)} ${wall.toFixed(1).padStart(8)} us a batch ${cpu.toFixed(2).padStart(7)} us CPU a head`,
  );
}

const here = await Dispatcher.start(snapshotOf());
await best("on the loop, 1 head", here, 1);
await here.close();
// An expression makes rules costly, so that a lone head goes to a thread too. No head has the field.
const rules = [
  { name: "expression", when: { header: { "x-absent": { regex: "^a" } } }, class: "gold" },
  { name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" },
];
const there = await Dispatcher.start(snapshotOf({ rules }));
for (const size of [1, 8, 32, 128]) await best(`in a thread, ${size} heads`, there, size);
await there.close();
