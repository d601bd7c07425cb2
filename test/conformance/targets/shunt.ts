import { readFileSync } from "node:fs";
import type { ShuntOptions } from "../../../packages/core/src/config/options.ts";
import { freePort } from "../../support/ports.ts";
import { poolOf, startShunt } from "../../support/shunt.ts";
import { type Lane, type LaneServer, TRUSTED } from "../lane.ts";
import type { Configuration } from "../schema.ts";
import type { RunningProxy, Target } from "./target.ts";

const manifest = new URL("../../../package.json", import.meta.url);

export const shunt: Target = {
  name: "shunt",
  version: () => `Shunt ${JSON.parse(readFileSync(manifest, "utf8")).version}`,
  async start(config, lanes): Promise<RunningProxy> {
    const running = await startShunt(await optionsFor(config, lanes));
    const { hostname: host, port } = new URL(running.url);
    return {
      host,
      port: Number(port),
      measure: "letter",
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  },
};

async function optionsFor(config: Configuration, lanes: readonly Lane[]): Promise<Partial<ShuntOptions>> {
  const nowhere = [{ name: "nobody", url: `http://127.0.0.1:${await freePort()}` }];
  const written = config.options as Partial<ShuntOptions>;
  const pools = lanes.flatMap((lane) => poolsOf(config, lane));
  return {
    ...written,
    listeners: { web: { host: "127.0.0.1", port: 0, ...config.listener } },
    trust: { ...written.trust, peers: [TRUSTED, ...(written.trust?.peers ?? [])] },
    timeouts: { drainMs: 1_000, ...written.timeouts },
    pools: { nowhere: poolOf(...nowhere), ...Object.fromEntries(pools) },
    classes: {
      nowhere: { pool: "nowhere" },
      ...Object.fromEntries(pools.map(([pool]) => [pool, { ...config.class, pool }])),
    },
    rules: lanes.flatMap((lane) => rulesOf(config, lane)),
    defaultClass: "nowhere",
  };
}

type Pool = ShuntOptions["pools"][string];

/** A pool for each server that a rule names, and one for the others. */
function poolsOf({ rules, pool }: Configuration, lane: Lane): [name: string, pool: Pool][] {
  const isNamed = ({ name }: LaneServer): boolean => rules.some(({ server }) => server === name);
  const rest = lane.servers.filter((server) => !isNamed(server));
  return [
    ...lane.servers
      .filter(isNamed)
      .map((server): [string, Pool] => [
        `${lane.name}-${server.name}`,
        { ...poolOf(named(server)), ...pool },
      ]),
    [lane.name, { ...poolOf(...rest.map(named)), ...pool }],
  ];
}

type Rule = NonNullable<ShuntOptions["rules"]>[number];

/** The rules of the configuration for those who come from the addresses of a lane, and one for all else from there. */
function rulesOf({ rules }: Configuration, lane: Lane): Rule[] {
  const client = { client: { in: [lane.client, lane.trustedPeer] } };
  const ruled = rules.map(({ name, when, server }) => ({
    name: `${lane.name} ${name}`,
    when: { all: [client, when as Rule["when"]] },
    class: `${lane.name}-${server}`,
  }));
  return [...ruled, { name: lane.name, when: client, class: lane.name }];
}

function named({ name, port }: LaneServer): { name: string; url: string } {
  return { name, url: `http://127.0.0.1:${port}` };
}
