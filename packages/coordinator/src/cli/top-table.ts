import type { PoolsSeen } from "./admin/answers.ts";
import { milliseconds, perSecond } from "./numbers.ts";
import { type Column, table } from "./table.ts";

/** What is shown of one server; also what `--json` prints. */
export interface ServerRow {
  /** `pool/server`. */
  readonly server: string;
  readonly outstanding: number;
  /** Requests per second. */
  readonly rate: number;
  /** Failed attempts and responses of 500 and above, per second; 0 in the first look. */
  readonly errorRate: number;
  readonly latencyMs: number;
  readonly state: string;
  readonly health: string;
}

/** One look at all servers. */
export interface Look {
  /** Milliseconds of a clock that only rises. */
  readonly at: number;
  readonly pools: PoolsSeen;
}

/** What is shown of this look; `before` is the one before it. In the order of the configuration. */
export function serverRows({ at, pools }: Look, before: Look | undefined): ServerRow[] {
  const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
  const known = new Map(before?.pools.flatMap((pool) => namedServers(pool)));
  return pools.flatMap(namedServers).map(([server, now]) => {
    const then = known.get(server);
    // Counts fall when an acceptor leaves.
    const troubles = then === undefined ? 0 : Math.max(0, troublesOf(now) - troublesOf(then));
    return {
      server,
      outstanding: now.outstanding,
      rate: now.rate,
      errorRate: seconds > 0 ? troubles / seconds : 0,
      latencyMs: now.averageMs || now.latencyMs,
      state: now.state,
      health: now.health,
    };
  });
}

type Pool = PoolsSeen[number];
type Server = Pool["servers"][number];

function namedServers(pool: Pool): (readonly [string, Server])[] {
  return pool.servers.map((server) => [`${pool.name}/${server.name}`, server] as const);
}

const troublesOf = ({ failures, errors }: Server): number => failures + errors;

const COLUMNS: readonly Column[] = [
  { head: "SERVER" },
  { head: "OUTSTANDING", align: "right" },
  { head: "RATE/S", align: "right" },
  { head: "ERRORS/S", align: "right" },
  { head: "LATENCY", align: "right" },
  { head: "STATE" },
  { head: "HEALTH" },
];

export function topTable(rows: readonly ServerRow[]): string {
  return table(
    COLUMNS,
    rows.map(({ server, outstanding, rate, errorRate, latencyMs, state, health }) => [
      server,
      String(outstanding),
      perSecond(rate),
      perSecond(errorRate),
      milliseconds(latencyMs),
      state,
      health,
    ]),
  );
}
