/**
 * `npm run simulate:scale`: what a large cluster costs, and how evenly it spreads requests, in memory and by the code that
 * runs in production. Prints the tables of docs/scale.md.
 */
import { type BusMeasures, measureBus } from "./scale/bus.ts";
import { measureImbalance } from "./scale/imbalance.ts";
import { fitPowerLaw } from "./scale/power-law.ts";
import { BUSY, IDLE } from "./scale/traffic.ts";

const ACCEPTORS = [10, 100, 1_000] as const;
const SERVERS = [100, 1_000, 10_000] as const;

const MEASURES: readonly (readonly [keyof BusMeasures, string])[] = [
  ["reports", "reports/s"],
  ["reportBytes", "report bytes/s"],
  ["serversPerReport", "servers per report"],
  ["bytesPerServer", "bytes per server"],
  ["publications", "tables/s"],
  ["tableBytes", "bytes of a table"],
  ["fanOutBytes", "table bytes/s out of Redis"],
  ["redisCommands", "Redis commands/s"],
  ["takeReportsMsPerSecond", "leader: reports, CPU ms/s"],
  ["publishMsPerTick", "leader: a table, CPU ms"],
  ["applyTableMs", "acceptor: a table, CPU ms"],
  ["snapshotBytes", "bytes of a snapshot"],
  ["encodeSnapshotMs", "encode a snapshot, CPU ms"],
  ["decodeSnapshotMs", "decode a snapshot, CPU ms"],
];

for (const [name, traffic] of [
  ["idle", IDLE],
  ["busy", BUSY],
] as const) {
  console.log(`\n${name}: ${JSON.stringify(traffic)}`);
  const points = ACCEPTORS.flatMap((acceptors) =>
    SERVERS.map((servers) => {
      const measured = measureBus(acceptors, servers, traffic);
      console.log(row([acceptors, servers, ...MEASURES.map(([key]) => shown(measured[key]))]));
      return { acceptors, servers, measured };
    }),
  );
  console.log(row(["acceptors", "servers", ...MEASURES.map(([, title]) => title)]));
  for (const [key, title] of MEASURES) {
    const values = points.map(({ acceptors, servers, measured }) => ({
      acceptors,
      servers,
      value: measured[key],
    }));
    if (values.some(({ value }) => value <= 0)) continue;
    const law = fitPowerLaw(values);
    console.log(
      row([
        title,
        `${law.factor.toPrecision(2)} × A^${law.acceptors.toFixed(2)} × S^${law.servers.toFixed(2)}`,
      ]),
    );
  }
}

console.log("\nimbalance: requests at random, every fourth server three times slower");
console.log(
  row([
    "acceptors",
    "servers",
    "mean",
    "deviation",
    "most",
    "blind: mean",
    "deviation",
    "most",
    "choice, CPU µs",
  ]),
);
for (const [acceptors, servers, outstanding, requests] of [
  [10, 100, 8, 60_000],
  [100, 100, 8, 60_000],
  [1_000, 100, 8, 60_000],
  [100, 1_000, 8, 60_000],
  [1_000, 1_000, 8, 60_000],
  [1_000, 10_000, 4, 160_000],
] as const) {
  const options = { acceptors, servers, outstanding, requests, answerMs: 100, seed: 2026 };
  const informed = measureImbalance(options);
  const blind = measureImbalance({ ...options, blind: true });
  const numbers = [informed, blind].flatMap(({ mean, deviation, most }) => [mean, deviation, most]);
  console.log(row([acceptors, servers, ...numbers.map(shown), shown(informed.choiceMicroseconds)]));
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function shown(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(2)));
}
