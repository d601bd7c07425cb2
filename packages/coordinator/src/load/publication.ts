import type { PublishedLoad } from "@shunt/core";
import type { Registry } from "../membership/registry.ts";
import { othersOutstanding } from "./aggregate.ts";

/** Publications after which an unchanged table is told again, so that its age never suggests that it is old. */
const REFRESH_TICKS = 5;

/** Tells each acceptor what all others have outstanding, when that has changed. */
export class LoadPublication {
  readonly #registry: Registry;
  readonly #servers: readonly string[];
  /** What each acceptor was last told, and how many ticks ago. */
  #told = new Map<string, { readonly text: string; ticks: number }>();

  /** `servers` are all of the configuration, as `pool/server`: those without load are told of as well. */
  constructor(registry: Registry, servers: readonly string[]) {
    this.#registry = registry;
    this.#servers = servers;
  }

  tick(): void {
    const heard = this.#registry.heard;
    const tables = heard.map((member) => member.loads);
    const told = new Map<string, { text: string; ticks: number }>();
    for (const { id, peer, loads } of heard) {
      const servers = othersOutstanding(this.#servers, tables, loads);
      const text = fingerprint(heard.length, servers);
      const last = this.#told.get(id);
      const due = last?.text !== text || last.ticks + 1 >= REFRESH_TICKS;
      told.set(id, { text, ticks: due ? 0 : (last?.ticks ?? 0) + 1 });
      if (due) peer.send({ kind: "load", acceptors: heard.length, servers });
    }
    this.#told = told;
  }
}

function fingerprint(acceptors: number, servers: readonly PublishedLoad[]): string {
  return `${acceptors}:${servers.map(({ outstanding }) => outstanding).join()}`;
}
