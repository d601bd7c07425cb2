/**
 * `npm run bench:cluster`: what shared load is worth between real processes. Six acceptors of one host, of which the first
 * has half of all clients and the last two next to none; eight servers of which two take three times as long. Prints a table;
 * with `--out FILE` it writes the page test/bench/cluster.md. With `--kept FILE` rounds are kept there, and count with those of the
 * next time: a machine that is quiet for minutes only can be measured on in parts.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { ShuntOptions } from "../../../packages/core/src/config/options.ts";
import { RunningShunt } from "../../support/shunt.ts";
import { describeMachine } from "../machine.ts";
import { summarize } from "../statistics.ts";
import { Clients } from "./clients.ts";
import { WaitingServers } from "./servers.ts";

const FAST_MS = 100;
const SLOW_MS = 300;
const MEANS_MS = [FAST_MS, FAST_MS, FAST_MS, SLOW_MS, FAST_MS, FAST_MS, FAST_MS, SLOW_MS];
/** Connections of each acceptor; the first is served by whichever acceptor is met first. */
const PLACEMENT = [61, 31, 15, 10, 6, 5];
const CONNECTIONS = PLACEMENT.reduce((sum, part) => sum + part);

interface Setting {
  readonly name: string;
  readonly acceptors: number;
  readonly sharedLoad: boolean;
}

const SETTINGS: readonly Setting[] = [
  { name: "one acceptor", acceptors: 1, sharedLoad: true },
  { name: "six, shared load", acceptors: 6, sharedLoad: true },
  { name: "six, own load alone", acceptors: 6, sharedLoad: false },
];

const MEASURES = ["p50", "p99", "range", "deviation", "lasting", "away", "perSecond"] as const;
type Measured = Readonly<Record<(typeof MEASURES)[number], number>>;
/** One setting in one round, as it is kept. */
type Kept = Measured & { readonly name: string };

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "10" },
    out: { type: "string" },
    kept: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const WARM_SECONDS = 6;

const measured = new Map<string, Measured[]>(SETTINGS.map(({ name }) => [name, []]));
if (values.kept !== undefined && existsSync(values.kept)) {
  for (const line of readFileSync(values.kept, "utf8").trim().split("\n")) {
    const { name, ...result }: Kept = JSON.parse(line);
    measured.get(name)?.push(result);
  }
}
for (let round = 0; round < rounds; round++) {
  // Back and forth, so that a noisy minute strikes neighbours alike.
  const order = round % 2 === 0 ? SETTINGS : SETTINGS.toReversed();
  for (const setting of order) {
    const result = await measure(setting);
    measured.get(setting.name)?.push(result);
    console.error(`round ${round + 1}, ${setting.name}: ${JSON.stringify(result)}`);
    if (values.kept !== undefined)
      appendFileSync(values.kept, `${JSON.stringify({ name: setting.name, ...result })}\n`);
  }
}
const text = page();
console.log(text);
if (values.out !== undefined) writeFileSync(values.out, text);

async function measure({ acceptors, sharedLoad }: Setting): Promise<Measured> {
  const servers = new WaitingServers(MEANS_MS);
  await servers.listen();
  const named = Object.fromEntries(servers.urls.map((url, i) => [`s${i + 1}`, { url }]));
  const options: Partial<ShuntOptions> = {
    acceptors,
    pools: { all: { servers: named, sharedLoad } },
    classes: { all: { pool: "all" } },
    defaultClass: "all",
    log: { access: "off" },
    // Where this machine has other things to do, a thread may get no core for as long as a stuck one is waited for.
    timeouts: { classifyMs: 5_000 },
  };
  const shunt = new RunningShunt(options, {});
  const clients = new Clients();
  try {
    await startedPatiently(shunt);
    await clients.place(shunt.url, acceptors === 1 ? [CONNECTIONS] : PLACEMENT);
    clients.begin();
    await new Promise((resolve) => setTimeout(resolve, WARM_SECONDS * 1_000));
    clients.take();
    const { serviceMs, ...spread } = await servers.watch(seconds * 1_000);
    const times = clients.take().toSorted((a, b) => a - b);
    const at = (part: number) => times[Math.ceil(part * times.length) - 1] ?? Number.NaN;
    const away = times.reduce((sum, ms) => sum + ms, 0) / times.length - serviceMs;
    return { p50: at(0.5), p99: at(0.99), ...spread, away, perSecond: times.length / seconds };
  } catch (error) {
    console.error(shunt.errors);
    throw error;
  } finally {
    clients.close();
    await shunt[Symbol.asyncDispose]();
    await servers.close();
  }
}

/** Seven processes that start at once on a machine that has other things to do take their time. */
async function startedPatiently(shunt: RunningShunt): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      return await shunt.ready();
    } catch (error) {
      console.error(`not ready yet: ${error instanceof Error ? error.message : error}`);
    }
  }
  await shunt.ready();
}

function page(): string {
  const { cpu, cores, memoryGiB, kernel } = describeMachine();
  const count = measured.get("one acceptor")?.length;
  const rows = SETTINGS.map(({ name }) => {
    const runs = measured.get(name) ?? [];
    return `| ${[name, ...MEASURES.map((measure) => cell(runs.map((run) => run[measure])))].join(" | ")} |`;
  });
  const ratios = (["range", "deviation", "lasting", "p99"] as const).map((measure) => {
    const [one = [], shared = [], own = []] = SETTINGS.map(({ name }) =>
      (measured.get(name) ?? []).map((run) => run[measure]),
    );
    return `| ${measure} | ${quotient(shared, one)} | ${quotient(own, one)} |`;
  });
  return `# What shared load is worth

Six acceptor processes of one host share eight servers. Six of them answer after ${FAST_MS} ms in the mean and two after ${SLOW_MS} ms, half of it by
chance. ${CONNECTIONS} clients ask again as soon as they have their answer; the acceptors have ${PLACEMENT.join(", ")} of them. In the first row
one acceptor has all. \`six, own load alone\` is the same balancer with \`sharedLoad: false\`.

\`range\` is the mean distance between the server with the most requests outstanding and the one with the least, counted
by the servers themselves every 7 ms; \`deviation\` the mean standard deviation over servers; \`lasting\` the distance between the
servers that had the most and the least over a whole round; \`away\` the mean time of an answer at its client less that at its server.

Medians of ${count} rounds of ${seconds} s, least and most in brackets.

| | p50 ms | p99 ms | range | deviation | lasting | away ms | requests/s |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

Medians of the quotients within a round, to one acceptor:

| | six, shared load | six, own load alone |
| --- | --- | --- |
${ratios.join("\n")}

## How to repeat

\`\`\`sh
npm run bench:cluster -- --rounds ${count} --seconds ${seconds} --out test/bench/cluster.md
\`\`\`

${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; load average at the end ${loadavg()
    .map((load) => load.toFixed(1))
    .join(
      ", ",
    )}. Proxies, servers and clients share the cores, and so does whatever else runs there: what waits for
a core is late at its server and at its client. The same in a simulation, where nothing is late:
[decision 0006](../../docs/decisions/0006-reports-of-load-fade.md).
`;
}

function cell(numbers: readonly number[]): string {
  const summary = summarize(numbers);
  if (summary === undefined) return "-";
  const { median, least, most } = summary;
  return `${shown(median)} (${shown(least)}..${shown(most)})`;
}

function quotient(dividends: readonly number[], divisors: readonly number[]): string {
  return cell(dividends.map((dividend, round) => dividend / (divisors[round] ?? Number.NaN)));
}

function shown(value: number): string {
  return value >= 20 ? String(Math.round(value)) : value.toFixed(2);
}
