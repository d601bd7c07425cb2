/**
 * Does the classifier thread earn its place? The same heads are judged on the loop and in a thread, at several numbers of
 * clients that have one at the same time. "loop" is the CPU time of the loop's own thread per head: what is taken from everything else
 * that the acceptor does. "all" is that of the whole process, and "wait" the time until a whole batch has its verdicts.
 *
 * Run it: node packages/worker/src/classify/inline.bench.ts
 */

import { Batch, CONTENT, FIXED, type Snapshot, type Verdict } from "@shunt/core";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { snapshotOf } from "../test-snapshot.ts";
import { Dispatcher, type Unread } from "./dispatch.ts";
import { Judge } from "./judge.ts";

const PEER = { family: 4, words: [0x7f00_0001, 0, 0, 0], trusted: false } as const;
const CLIENTS = [1, 8, 32, 128];
const ROUNDS = 5;
/** Of each measurement; fewer where a signature of each has to be verified. */
const HEADS = 20_000;
const TOKENS = 1_000;

/** Per head, in microseconds; the wait is that of a batch. */
interface Cost {
  readonly loop: number;
  readonly all: number;
  readonly wait: number;
}

/** Resolves when `size` heads have their verdicts; `first` is the number of the first of them. */
type JudgeBatch = (first: number, size: number) => Promise<void>;

function headOf(octets: number, fields = ""): Buffer {
  const start =
    "GET /service-7/articles/2026 HTTP/1.1\r\nHost: site-7.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
    `Accept: text/html,*/*;q=0.8\r\nCookie: session=0123456789abcdef; tier=gold\r\n${fields}`;
  const padding: string[] = [];
  for (let left = octets - start.length - 2, n = 0; left > 20; n++) {
    const value = "v".repeat(Math.min(left - 12, 488));
    padding.push(`X-Pad-${String(n).padStart(2, "0")}: ${value}\r\n`);
    left -= value.length + 12;
  }
  return Buffer.from(`${start}${padding.join("")}\r\n`);
}

/** A client whose head is one of `heads`, in turn. */
class Client implements Unread {
  readonly peer = PEER;
  readonly room = 64;
  readonly content = CONTENT.AHEAD;
  unread: Buffer;
  onJudged: () => void = () => {};

  constructor(head: Buffer) {
    this.unread = head;
  }

  judged(_verdict: Verdict, _snapshot: Snapshot): void {}

  judgedAll(): void {
    this.onJudged();
  }
}

async function onTheLoop(snapshot: Snapshot, heads: readonly Buffer[]): Promise<JudgeBatch> {
  const judge = await Judge.of(snapshot.config);
  const size = {
    entries: FIXED.batchEntries,
    dataBytes: FIXED.batchBytes,
    recordWords: FIXED.batchVerdictWords,
  };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  return async (first, count) => {
    for (let done = 0; done < count; ) {
      batch.clear();
      let entries = 0;
      for (; done + entries < count && entries < size.entries; entries++) {
        const head = heads[(first + done + entries) % heads.length] as Buffer;
        if (batch.dataUsed + head.length > size.dataBytes) break;
        batch.add(head, PEER, 64, CONTENT.AHEAD);
      }
      for (let entry = 0; entry < entries; entry++) {
        const verifying = judge.judge(batch, entry);
        if (verifying !== undefined) await verifying;
      }
      done += entries;
    }
  };
}

function inThread(dispatcher: Dispatcher, heads: readonly Buffer[]): JudgeBatch {
  const clients = Array.from({ length: Math.max(...CLIENTS) }, () => new Client(heads[0] as Buffer));
  return (first, count) =>
    new Promise<void>((resolve) => {
      let left = count;
      for (const [index, client] of clients.slice(0, count).entries()) {
        client.unread = heads[(first + index) % heads.length] as Buffer;
        client.onJudged = () => --left === 0 && resolve();
        dispatcher.enqueue(client);
      }
      dispatcher.flush();
    });
}

async function measure(judgeBatch: JudgeBatch, size: number, heads: number): Promise<Cost> {
  const batches = Math.max(1, Math.floor(heads / size));
  const [loop, all, startedAt] = [process.threadCpuUsage(), process.cpuUsage(), performance.now()];
  for (let n = 0; n < batches; n++) await judgeBatch(n * size, size);
  const wait = ((performance.now() - startedAt) * 1e3) / batches;
  const micros = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / (batches * size);
  return { loop: micros(process.threadCpuUsage(loop)), all: micros(process.cpuUsage(all)), wait };
}

/** The median of the rounds, number by number. */
function median(costs: readonly Cost[]): Cost {
  const middle = (key: keyof Cost): number =>
    costs.map((cost) => cost[key]).sort((a, b) => a - b)[costs.length >> 1] as number;
  return { loop: middle("loop"), all: middle("all"), wait: middle("wait") };
}

function print(name: string, size: number, inline: Cost, thread: Cost): void {
  const number = (value: number): string => value.toFixed(value < 100 ? 1 : 0).padStart(8);
  const columns = [inline.loop, inline.wait, thread.loop, thread.all, thread.wait].map(number);
  console.log(`${name.padEnd(34)} ${String(size).padStart(4)} ${columns.join(" ")}`);
}

/**
 * `fresh`: no head is judged twice by the same judge, so that nothing is remembered of it. Its threads are new ones in each
 * round, which have code to compile: what they take is then more than it is later.
 */
async function compare(
  name: string,
  snapshot: Snapshot,
  heads: readonly Buffer[],
  fresh = false,
): Promise<void> {
  const count = fresh ? heads.length : HEADS;
  let [loop, dispatcher] = [await onTheLoop(snapshot, heads), await Dispatcher.start(snapshot)];
  for (const size of CLIENTS) {
    const [inline, thread]: [Cost[], Cost[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      if (fresh) {
        await dispatcher.close();
        [loop, dispatcher] = [await onTheLoop(snapshot, heads), await Dispatcher.start(snapshot)];
      }
      inline.push(await measure(loop, size, size === 1 ? count / 4 : count));
      thread.push(await measure(inThread(dispatcher, heads), size, size === 1 ? count / 4 : count));
    }
    print(name, size, median(inline), median(thread));
  }
  await dispatcher.close();
}

/** Rules that make the dispatcher send a lone head to a thread too: no head has the field. */
const EXPRESSION = { name: "expression", when: { header: { "x-absent": { regex: "^a" } } }, class: "gold" };
const GOLD = { name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" };
const thousand = Array.from({ length: 1_000 }, (_, n) => ({
  name: `rule ${n}`,
  when:
    n % 10 < 7
      ? { host: `site-${n}.example`, path: { prefix: `/service-${n + 1}/` } }
      : { cookie: { [`flag-${n % 200}`]: `v${n}` } },
  class: "gold",
}));

console.log("microseconds per head (wait: per batch); 5 rounds, medians");
console.log(`${"".padEnd(34)} ${"heads".padStart(4)}  on the loop         in a thread`);
console.log(`${"".padEnd(34)} ${"".padStart(4)}     loop     wait     loop      all     wait`);
for (const octets of [512, 4_096, 16_384]) {
  await compare(`1 rule, ${octets / 1_024} KiB`, snapshotOf({ rules: [EXPRESSION, GOLD] }), [headOf(octets)]);
}
await compare("1,000 rules, 0.5 KiB", snapshotOf({ rules: [EXPRESSION, ...thousand] }), [headOf(512)]);

const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const now = Math.floor(Date.now() / 1_000);
const bearers: Buffer[] = [];
for (let n = 0; n < TOKENS; n++) {
  const claims = new SignJWT({ sub: "ann", jti: String(n), exp: now + 3_600 }).setProtectedHeader({
    alg: "RS256",
  });
  bearers.push(headOf(512, `Authorization: Bearer ${await claims.sign(privateKey)}\r\n`));
}
const withJwt = snapshotOf({
  rules: [GOLD],
  identity: { jwt: { key: { pem: await exportSPKI(publicKey) }, algorithms: ["RS256"] } },
});
await compare("RS256, each token new", withJwt, bearers, true);
await compare("RS256, one token", withJwt, bearers.slice(0, 1));
