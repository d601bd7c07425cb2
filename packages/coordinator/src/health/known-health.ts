import type { ServerHealth } from "@shunt/core";
import type { EventLog } from "../events/event-log.ts";

/**
 * What active checks have found, as far as this coordinator knows: its own, or those of whoever leads. So an event is told
 * by every coordinator, and not by the leader alone.
 */
export class KnownHealth {
  readonly #events: Pick<EventLog, "append">;
  #servers: ReadonlyMap<string, ServerHealth> = new Map();

  constructor(events: Pick<EventLog, "append">) {
    this.#events = events;
  }

  /** The table as it was published last. */
  hear(servers: readonly ServerHealth[]): void {
    const before = this.#servers;
    this.#servers = new Map(servers.map((health) => [health.server, health]));
    for (const { server, healthy, reason } of servers) {
      if (healthy === (before.get(server)?.healthy ?? true)) continue;
      this.#events.append({ kind: healthy ? "server-healthy" : "server-unhealthy", server, reason });
    }
  }

  get servers(): readonly ServerHealth[] {
    return [...this.#servers.values()];
  }

  /** By `pool/server`; undefined where nobody knows. */
  of(server: string): ServerHealth | undefined {
    return this.#servers.get(server);
  }
}
