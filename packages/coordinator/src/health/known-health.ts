import type { ServerHealth } from "@shunt/core";

/** What active checks have found, as far as this coordinator knows: its own, or those of whoever leads. */
export class KnownHealth {
  #servers: ReadonlyMap<string, ServerHealth> = new Map();

  /** The table as it was published last. */
  hear(servers: readonly ServerHealth[]): void {
    this.#servers = new Map(servers.map((health) => [health.server, health]));
  }

  get servers(): readonly ServerHealth[] {
    return [...this.#servers.values()];
  }

  /** By `pool/server`; undefined where nobody knows. */
  of(server: string): ServerHealth | undefined {
    return this.#servers.get(server);
  }
}
