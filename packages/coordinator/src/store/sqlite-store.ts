import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { ResolvedConfig } from "@shunt/core";
import type { Logger } from "pino";
import type { DepartedRecord } from "../membership/departed.ts";
import { redacted } from "./redact.ts";

/** Configurations remembered; the oldest are forgotten. */
const MAX_HISTORY = 1_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS config_history (
    generation INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    since TEXT NOT NULL,
    config TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS departed (
    epoch TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT;
`;

/** What must survive a restart, in one file. */
export class SqliteStore {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens or makes the file. A damaged one is moved aside with an alarm in the log and started anew: what it held
   * is worth less than a coordinator that runs.
   */
  static open(path: string, log: Logger): SqliteStore {
    try {
      return new SqliteStore(openDatabase(path));
    } catch (error) {
      const aside = moveAside(path);
      log.error({ err: error, path, aside }, "state database is damaged: moved aside, starting a new one");
      return new SqliteStore(openDatabase(path));
    }
  }

  /**
   * The generation of this configuration: that of the last start when nothing changed, else the next.
   * @param floor The last generation known from elsewhere; a database that lost its memory must not reuse it.
   */
  generationOf(config: ResolvedConfig, floor: number, now: Date): number {
    const hash = createHash("sha256").update(JSON.stringify(config)).digest("hex");
    const last = this.#db
      .prepare("SELECT generation, hash FROM config_history ORDER BY generation DESC")
      .get();
    if (last?.hash === hash && Number(last.generation) >= floor) return Number(last.generation);
    const generation = Math.max(Number(last?.generation ?? 0), floor) + 1;
    this.#db
      .prepare("INSERT INTO config_history (generation, hash, since, config) VALUES (?, ?, ?, ?)")
      .run(generation, hash, now.toISOString(), JSON.stringify(redacted(config)));
    this.#db.prepare("DELETE FROM config_history WHERE generation <= ?").run(generation - MAX_HISTORY);
    return generation;
  }

  /** What acceptors of this supervisor's life had counted when they left. */
  departed(epoch: string): DepartedRecord | undefined {
    const row = this.#db.prepare("SELECT record FROM departed WHERE epoch = ?").get(epoch);
    return typeof row?.record === "string" ? (JSON.parse(row.record) as DepartedRecord) : undefined;
  }

  /** Forgets all other epochs. */
  saveDeparted(epoch: string, record: DepartedRecord): void {
    this.#db.prepare("DELETE FROM departed WHERE epoch <> ?").run(epoch);
    this.#db
      .prepare(
        "INSERT INTO departed VALUES (?, ?) ON CONFLICT (epoch) DO UPDATE SET record = excluded.record",
      )
      .run(epoch, JSON.stringify(record));
  }

  close(): void {
    this.#db.close();
  }
}

function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 2_000 });
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    const verdict = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (verdict !== "ok") throw new Error(`quick_check says: ${String(verdict)}`);
    db.exec(SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The files that belong to the database move with it: an old log would damage the new one. */
function moveAside(path: string): string {
  const aside = `${path}.damaged-${Date.now()}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
