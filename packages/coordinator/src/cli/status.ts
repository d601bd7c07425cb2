import {
  type AcceptorsSeen,
  type CoordinatorSeen,
  type PoolsSeen,
  readAcceptors,
  readCoordinator,
  readPools,
} from "./admin/answers.ts";
import { ADMIN_OPTIONS, adminClient } from "./admin/options.ts";
import { parse, refuseOperands } from "./arguments.ts";
import type { Output } from "./check.ts";
import { EXIT } from "./exit-code.ts";
import { count, milliseconds } from "./numbers.ts";
import { printable, table } from "./table.ts";

/** `shunt status`: who takes part and what of it serves. Exit 0 when somebody accepts. */
export async function status(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("status", args, ADMIN_OPTIONS);
  refuseOperands("status", positionals, "It shows everything; `shunt status --json` is for programs.");
  const client = adminClient("status", values);
  const [coordinator, acceptors, pools] = await Promise.all([
    client.get("/v1/coordinator").then(({ body }) => readCoordinator(body)),
    client.get("/v1/acceptors").then(({ body }) => readAcceptors(body)),
    client.get("/v1/pools").then(({ body }) => readPools(body)),
  ]);
  const accepting = acceptors.filter(({ state }) => state === "accepting").length;
  if (values.json)
    output.stdout.write(`${JSON.stringify({ coordinator, acceptors, pools }, undefined, 2)}\n`);
  else output.stdout.write(`${head(coordinator)}\n${hosts(acceptors)}\n${servers(pools)}`);
  if (accepting > 0) return EXIT.done;
  output.stderr.write(
    `shunt status: no acceptor accepts connections; there are ${count(acceptors.length, "acceptor")}.\n`,
  );
  return EXIT.refused;
}

function head({ name, version, leads, leader, term, generation, state, redis }: CoordinatorSeen): string {
  const role = leads ? "leads" : "stands by";
  const lines = [
    `coordinator  ${name}, version ${version}, ${role}`,
    `leader       ${leader ?? "unknown"}`,
    `generation   ${generation} (version ${term}-${generation})`,
    `state        ${state}`,
    ...(redis === undefined ? [] : redisLines(redis)),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** A trouble that it goes on in spite of is told, too. */
function redisLines({ up, troubles }: NonNullable<CoordinatorSeen["redis"]>): string[] {
  const first = `redis        ${up ? "up" : "away: no change can be made, acceptors serve on"}`;
  return [
    first,
    ...troubles.map(({ reason, says, since }) => `             ${reason} since ${since}: ${says}`),
  ];
}

/** Acceptors by host; those that work by another generation than most are in a line of their own. */
function hosts(acceptors: AcceptorsSeen): string {
  const groups = Map.groupBy(acceptors, ({ host, state, version, generation }) =>
    [host, state, version, generation].join("\n"),
  );
  const rows = [...groups.values()].map((group) => {
    const [{ host = "", state = "", version = "", generation = 0 } = {}] = group;
    const sum = (of: "connections" | "exchanges") => String(group.reduce((total, one) => total + one[of], 0));
    return [
      host,
      String(group.length),
      state,
      version,
      String(generation),
      sum("connections"),
      sum("exchanges"),
    ];
  });
  return table(
    [
      { head: "HOST" },
      { head: "ACCEPTORS", align: "right" },
      { head: "STATE" },
      { head: "VERSION" },
      { head: "GENERATION", align: "right" },
      { head: "CONNECTIONS", align: "right" },
      { head: "EXCHANGES", align: "right" },
    ],
    rows.sort(byText),
  );
}

function servers(pools: PoolsSeen): string {
  const rows = pools.flatMap((pool) =>
    pool.servers.map((server) => [
      `${pool.name}/${server.name}`,
      server.url,
      server.state,
      String(server.weight),
      String(server.outstanding),
      String(server.requests),
      milliseconds(server.latencyMs),
      healthOf(server),
    ]),
  );
  return table(
    [
      { head: "SERVER" },
      { head: "ADDRESS" },
      { head: "STATE" },
      { head: "WEIGHT", align: "right" },
      { head: "OUTSTANDING", align: "right" },
      { head: "REQUESTS", align: "right" },
      { head: "LATENCY", align: "right" },
      { head: "HEALTH" },
    ],
    rows,
  );
}

const byText = (one: readonly string[], other: readonly string[]): number =>
  one.join("\n") < other.join("\n") ? -1 : 1;

function healthOf({ health, reasons }: PoolsSeen[number]["servers"][number]): string {
  return reasons.length === 0 ? health : `${health}: ${reasons.join("; ")}`;
}
