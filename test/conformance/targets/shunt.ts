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
  const paths = lanes.flatMap((lane) => pathsOf(config, lane));
  const nowhere = [{ name: "nobody", url: `http://127.0.0.1:${await freePort()}` }];
  const written = config.options as Partial<ShuntOptions>;
  return {
    ...written,
    listeners: { web: { host: "127.0.0.1", port: 0, ...config.listener } },
    trust: { ...written.trust, peers: [TRUSTED, ...(written.trust?.peers ?? [])] },
    timeouts: { drainMs: 1_000, ...written.timeouts },
    pools: {
      nowhere: poolOf(...nowhere),
      ...Object.fromEntries(
        paths.map(({ name, servers }) => [name, { ...poolOf(...servers), ...config.pool }]),
      ),
    },
    classes: {
      nowhere: { pool: "nowhere" },
      ...Object.fromEntries(paths.map(({ name }) => [name, { pool: name }])),
    },
    rules: paths.map(({ name, when }) => ({ name, when, class: name })),
    defaultClass: "nowhere",
  };
}

type When = NonNullable<ShuntOptions["rules"]>[number]["when"];

/** The ways of a lane: one for each rule of the configuration, and one for all else. */
function pathsOf(
  { rules }: Configuration,
  lane: Lane,
): { name: string; when: When; servers: ReturnType<typeof named>[] }[] {
  const client = { client: { in: [lane.client, lane.trustedPeer] } };
  const ruled = rules.map(({ name, when, server }) => ({
    name: `${lane.name}-${name}`,
    when: { all: [client, when as When] },
    servers: [named(lane.server(server))],
  }));
  const rest = lane.servers.filter(({ name }) => !rules.some(({ server }) => server === name));
  return [...ruled, { name: lane.name, when: client, servers: rest.map(named) }];
}

function named({ name, port }: LaneServer): { name: string; url: string } {
  return { name, url: `http://127.0.0.1:${port}` };
}
