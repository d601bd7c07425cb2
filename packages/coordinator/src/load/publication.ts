import { type Publication, type Snapshot, serverNames } from "@shunt/core";
import type { Registry } from "../membership/registry.ts";

/** Ticks after which an unchanged table is told again, so that its age never suggests that it is old. */
const REFRESH_TICKS = 5;

const NOTHING_POLLED: ReadonlyMap<string, number> = new Map();

/** Tells acceptors what all of them have outstanding, when a report has changed something since it was told last. */
export class LoadPublication {
  readonly #registry: Registry;
  readonly #current: () => Snapshot;
  readonly #publish: (publication: Publication) => void;
  readonly #polled: () => ReadonlyMap<string, number>;
  #snapshot: Snapshot | undefined;
  #servers: readonly string[] = [];
  #told = "";
  #ticks = 0;

  /**
   * The table has all servers of the current snapshot: those without load are told of as well. `polled`: what servers
   * that were asked say of their load.
   */
  constructor(
    registry: Registry,
    current: () => Snapshot,
    publish: (publication: Publication) => void,
    polled: () => ReadonlyMap<string, number> = () => NOTHING_POLLED,
  ) {
    this.#polled = polled;
    this.#registry = registry;
    this.#current = current;
    this.#publish = publish;
  }

  tick(): void {
    this.#look(this.#current());
    const heard = this.#registry.heard;
    const polled = this.#polled();
    const told = [...heard.map(({ id, changedSeq }) => `${id} ${changedSeq}`), ...polled].join();
    this.#ticks++;
    if (told === this.#told && this.#ticks < REFRESH_TICKS) return;
    this.#told = told;
    this.#ticks = 0;
    const { term, generation } = this.#snapshot as Snapshot;
    const included = Object.fromEntries(heard.map(({ id, loadSeq }) => [id, loadSeq]));
    const { totals } = this.#registry;
    totals.count(heard.map((member) => member.loads));
    this.#publish({ kind: "load", term, generation, included, ...totals.of(this.#servers, polled) });
  }

  #look(snapshot: Snapshot): void {
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.#servers = serverNames(snapshot.config);
    this.#told = "";
  }
}
