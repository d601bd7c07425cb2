import type { Publication } from "@shunt/core";
import type { Registry } from "../membership/registry.ts";
import { publishedLoads } from "./aggregate.ts";

/** Ticks after which an unchanged table is told again, so that its age never suggests that it is old. */
const REFRESH_TICKS = 5;

/** Tells acceptors what all of them have outstanding, when a report has come since it was told last. */
export class LoadPublication {
  readonly #registry: Registry;
  readonly #servers: () => readonly string[];
  readonly #publish: (publication: Publication) => void;
  #told = "";
  #ticks = 0;

  /** `servers` are all of the configuration, as `pool/server`: those without load are told of as well. */
  constructor(
    registry: Registry,
    servers: () => readonly string[],
    publish: (publication: Publication) => void,
  ) {
    this.#registry = registry;
    this.#servers = servers;
    this.#publish = publish;
  }

  tick(): void {
    const heard = this.#registry.heard;
    const included = Object.fromEntries(heard.map(({ id, loadSeq }) => [id, loadSeq]));
    const told = JSON.stringify(included);
    this.#ticks++;
    if (told === this.#told && this.#ticks < REFRESH_TICKS) return;
    this.#told = told;
    this.#ticks = 0;
    const tables = heard.map((member) => member.loads);
    this.#publish({ kind: "load", included, servers: publishedLoads(this.#servers(), tables) });
  }
}
