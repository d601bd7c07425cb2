import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { decodeSnapshot, type ResolvedConfig, type Snapshot } from "@shunt/core";
import type { Logger } from "pino";
import type { BusPeer } from "../bus/unix-socket.ts";

/** What acceptors may know of the configuration: what they decide by, and not the admin's token. */
export function snapshotOf(generation: number, config: ResolvedConfig): Snapshot {
  const { admin: _, state: __, ...dataPlane } = config;
  return { generation, config: dataPlane };
}

/** The snapshot that holds now, for everyone who asks: acceptors over the bus, the next start by a file. */
export class Publisher {
  readonly snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  /** One that has it, or a newer one of a coordinator to come, is left alone. */
  bringUpToDate(peer: BusPeer, generation: number): void {
    if (generation < this.snapshot.generation) peer.send({ kind: "snapshot", snapshot: this.snapshot });
  }

  /** In one write: a reader finds the old snapshot or the new one. Holds keys, so it is for this user alone. */
  writeTo(path: string): void {
    const next = `${path}.next`;
    writeFileSync(next, JSON.stringify(this.snapshot), { mode: 0o600, flush: true });
    renameSync(next, path);
  }
}

/** The generation in a snapshot file; 0 when there is none that can be read. */
export function generationIn(path: string, log: Logger): number {
  try {
    return decodeSnapshot(JSON.parse(readFileSync(path, "utf8"))).generation;
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!missing) log.warn({ err: error, path }, "snapshot file cannot be read, it will be written anew");
    return 0;
  }
}
