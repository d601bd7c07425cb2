import type { DataPlaneConfig } from "@shunt/core";
import type { StoredConfig } from "../change/change.ts";
import type { ClusterEvent } from "./event.ts";

/** Servers of one change that are told one by one; the log of events keeps a thousand of all kinds. */
const MOST_SERVERS = 100;

/** What is to be told of a configuration that holds from now on. */
export function configurationEvents(before: DataPlaneConfig, stored: StoredConfig): ClusterEvent[] {
  const { term, generation, summary, by } = stored;
  const states = statesOf(before);
  const changed = [...statesOf(stored.config)].filter(([server, state]) => {
    const former = states.get(server);
    return former !== undefined && former !== state;
  });
  return [
    { kind: "generation-changed", term, generation, summary, by },
    ...changed
      .slice(0, MOST_SERVERS)
      .map(([server, state]): ClusterEvent => ({ kind: "server-state", server, state })),
  ];
}

type State = DataPlaneConfig["pools"][number]["servers"][number]["state"];

function statesOf({ pools }: DataPlaneConfig): ReadonlyMap<string, State> {
  return new Map(
    pools.flatMap((pool) =>
      pool.servers.map(({ name, state }): [string, State] => [`${pool.name}/${name}`, state]),
    ),
  );
}
