import type { ReportedLoad } from "@shunt/core";

/** Reports that nobody has counted yet and that are kept; a coordinator that is further behind knows another life of us. */
const MOST_KEPT = 256;

interface Report {
  readonly seq: number;
  readonly servers: readonly ReportedLoad[];
}

/**
 * What this acceptor reported, so that it can take its own part out of a total that a coordinator has made of the
 * reports that it had then.
 */
export class OwnReports {
  /** What is outstanding at each server by the last report that was counted; nothing where it has none. */
  readonly #counted = new Map<string, number>();
  #later: Report[] = [];

  note(seq: number, servers: readonly ReportedLoad[]): void {
    this.#later.push({ seq, servers });
    if (this.#later.length > MOST_KEPT) this.#count(this.#later.shift() as Report);
  }

  /** The own part of a total in which the reports up to `seq` are; undefined is a total without us. */
  partOf(server: string, seq: number | undefined): number {
    if (seq === undefined) return 0;
    while (this.#later[0] !== undefined && this.#later[0].seq <= seq)
      this.#count(this.#later.shift() as Report);
    return this.#counted.get(server) ?? 0;
  }

  #count({ servers }: Report): void {
    for (const [server, outstanding] of servers) {
      if (outstanding === 0) this.#counted.delete(server);
      else this.#counted.set(server, outstanding);
    }
  }
}
