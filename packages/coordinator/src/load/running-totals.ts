import type { HeardLoad } from "./heard-load.ts";

/** What one acceptor has at each server. */
type Table = ReadonlyMap<string, HeardLoad>;

interface Word {
  readonly load: number;
  readonly heardIn: Table;
}

/**
 * What acceptors have outstanding at each server in all, kept up with every report: summing up a thousand tables of ten
 * thousand servers ten times a second is more than a leader can do.
 */
export class RunningTotals {
  readonly #counted = new Set<Table>();
  readonly #outstanding = new Map<string, number>();
  /** What servers said last of their load. */
  readonly #words = new Map<string, Word>();

  /** An acceptor reports `after` where `before` held. */
  changed(table: Table, server: string, before: HeardLoad | undefined, after: HeardLoad): void {
    if (!this.#counted.has(table)) return;
    this.#add(server, after.outstanding - (before?.outstanding ?? 0));
    if (after.measuredAt !== before?.measuredAt || after.announced !== before.announced)
      this.#hear(table, server, after);
  }

  /** Only these count from now on: whoever is gone or silent does not, and does again when it speaks. */
  count(tables: readonly Table[]): void {
    const wanted = new Set(tables);
    for (const table of this.#counted) if (!wanted.has(table)) this.#leave(table);
    for (const table of wanted) if (!this.#counted.has(table)) this.#enter(table);
  }

  /** In the order of `servers`: what is outstanding, and by index what was said. */
  of(
    servers: readonly string[],
    polled: ReadonlyMap<string, number>,
  ): { outstanding: number[]; announced: Record<string, number> } {
    const outstanding = new Array<number>(servers.length).fill(0);
    const announced: Record<string, number> = {};
    servers.forEach((server, index) => {
      outstanding[index] = this.#outstanding.get(server) ?? 0;
      const word = polled.get(server) ?? this.#words.get(server)?.load;
      if (word !== undefined) announced[index] = word;
    });
    return { outstanding, announced };
  }

  #enter(table: Table): void {
    this.#counted.add(table);
    for (const [server, load] of table) {
      this.#add(server, load.outstanding);
      this.#hear(table, server, load);
    }
  }

  #leave(table: Table): void {
    this.#counted.delete(table);
    for (const [server, load] of table) {
      this.#add(server, -load.outstanding);
      if (this.#words.get(server)?.heardIn === table) this.#words.delete(server);
    }
  }

  #add(server: string, outstanding: number): void {
    if (outstanding === 0) return;
    const sum = (this.#outstanding.get(server) ?? 0) + outstanding;
    if (sum === 0) this.#outstanding.delete(server);
    else this.#outstanding.set(server, sum);
  }

  /** The last word holds; when whoever heard it says that it is over, there is none until the next. */
  #hear(table: Table, server: string, { announced }: HeardLoad): void {
    if (announced !== undefined) this.#words.set(server, { load: announced, heardIn: table });
    else if (this.#words.get(server)?.heardIn === table) this.#words.delete(server);
  }
}
