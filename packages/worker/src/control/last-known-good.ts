import { readFile, rename, writeFile } from "node:fs/promises";
import { decodeSnapshot, isNewer, type Snapshot, type SnapshotVersion } from "@shunt/core";
import type { Logger } from "pino";

/** Older than every snapshot. */
const NOTHING: SnapshotVersion = Object.freeze({ term: -1, generation: -1 });

/**
 * The file with the last snapshot that was adopted, for starts without coordinator and Redis. All acceptors of a host
 * write it. In one step, so that who reads it finds one or the other, whole; for this user alone, as keys stand in it.
 */
export class LastKnownGood {
  readonly #path: string;
  readonly #log: Logger;
  /** What stands in it, as far as this acceptor knows; undefined before it has looked. */
  #written: SnapshotVersion | undefined;
  #next: Snapshot | undefined;
  #writing = false;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** Of many in a short time the last one is written. Nobody waits for it. */
  keep(snapshot: Snapshot): void {
    if (this.#next === undefined || isNewer(snapshot, this.#next)) this.#next = snapshot;
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    this.#written ??= await this.#found();
    while (this.#next !== undefined) {
      const snapshot = this.#next;
      this.#next = undefined;
      if (!isNewer(snapshot, this.#written)) continue;
      this.#written = { term: snapshot.term, generation: snapshot.generation };
      await this.#replace(JSON.stringify(snapshot));
    }
    this.#writing = false;
  }

  /** A file that is missing or damaged has nothing in it; the supervisor has named it, if it had to start from it. */
  async #found(): Promise<SnapshotVersion> {
    try {
      return decodeSnapshot(JSON.parse(await readFile(this.#path, "utf8")));
    } catch {
      return NOTHING;
    }
  }

  async #replace(content: string): Promise<void> {
    const next = `${this.#path}.${process.pid}`;
    try {
      await writeFile(next, content, { mode: 0o600, flush: true });
      await rename(next, this.#path);
    } catch (error) {
      this.#log.error(
        { err: error, path: this.#path },
        "cannot keep the snapshot for a start without coordinator",
      );
    }
  }
}
