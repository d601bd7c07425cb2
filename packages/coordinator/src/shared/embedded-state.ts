import { isNewer, type SnapshotVersion } from "@shunt/core";
import { UnixSocketBus } from "../bus/unix-socket.ts";
import { ALONE } from "../leadership/leadership.ts";
import type { Registry } from "../membership/registry.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import type { SharedContext, SharedState } from "./shared-state.ts";

export interface EmbeddedOptions extends SharedContext {
  /** Path of the Unix socket. */
  readonly bus: string;
  readonly store: SqliteStore;
  readonly registry: Registry;
}

const COUNTS = Object.freeze({ changes: 0, fencedWrites: 0 });

/** The only coordinator of the only host: a Unix socket, and a file. */
export function embeddedState({
  bus: path,
  store,
  listener,
  registry,
  version,
  host,
  log,
}: EmbeddedOptions): SharedState {
  const bus = new UnixSocketBus({ path, log, listener });
  const since = new Date().toISOString();
  const id = `${host}-${process.pid}`;
  return {
    id,
    bus,
    leadership: ALONE,
    store: Object.assign(store, { latestVersion: () => store.latest() }),
    ask: undefined,
    held: async () => registry.members.reduce(newest, { term: 0, generation: 0 }),
    coordinators: async () => [{ id, host, pid: process.pid, version, leads: true, term: 0, since }],
    counts: COUNTS,
    metrics: undefined,
    redis: undefined,
    duties: () => [],
    start: () => bus.listen(),
    stop: () => bus.close(),
  };
}

function newest(
  held: SnapshotVersion,
  { snapshot }: { readonly snapshot: SnapshotVersion },
): SnapshotVersion {
  return isNewer(snapshot, held) ? snapshot : held;
}
