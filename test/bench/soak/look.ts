import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** What an acceptor tells of itself; memory in octets. */
export interface Look {
  /** How late its loop was, since the last look. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMostMs: number;
  readonly rss: number;
  readonly heapUsed: number;
}

/** Asks the acceptor that has its socket in `dir`. Rejects when there is none. */
export async function look(dir: string): Promise<Look> {
  for (const name of (await readdir(dir)).filter((candidate) => candidate.endsWith(".sock"))) {
    try {
      return JSON.parse(await text(connect(join(dir, name))));
    } catch {
      // the socket of a process that compiled, or has ended
    }
  }
  throw new Error("Cannot look into an acceptor: none has opened its socket");
}
