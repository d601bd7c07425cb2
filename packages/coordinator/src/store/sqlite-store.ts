import { chmodSync, closeSync, existsSync, openSync, renameSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { decodeSnapshot, type SnapshotVersion } from "@shunt/core";
import type { Logger } from "pino";
import type { AuditEntry, HistoryEntry, StoredConfig } from "../change/change.ts";
import {
  type ConfigStore,
  KEPT_AUDIT_ENTRIES,
  KEPT_CONFIGS,
  StoreUnavailable,
} from "../change/config-store.ts";
import type { DepartedRecord } from "../membership/departed.ts";

/** Keys and secrets are in it. */
const FOR_ITS_OWNER = 0o600;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS configuration (
    term INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    file_hash TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TEXT NOT NULL,
    summary TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (term, generation)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    entry TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS lives (
    number INTEGER PRIMARY KEY AUTOINCREMENT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS departed (
    epoch TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT;
`;

/** What must survive a restart, in one file. */
export class SqliteStore implements ConfigStore {
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

  /** A number above all that it was before: one for each coordinator that was started on this file. */
  nextLife(): number {
    const { lastInsertRowid } = this.#db.prepare("INSERT INTO lives DEFAULT VALUES").run();
    this.#db.prepare("DELETE FROM lives WHERE number < ?").run(lastInsertRowid);
    return Number(lastInsertRowid);
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

  async latest(): Promise<StoredConfig | undefined> {
    return this.#stored("ORDER BY term DESC, generation DESC LIMIT 1");
  }

  async at(generation: number): Promise<StoredConfig | undefined> {
    return this.#stored("WHERE generation = ? ORDER BY term DESC LIMIT 1", generation);
  }

  async history(limit: number): Promise<readonly HistoryEntry[]> {
    return this.#tried((db) =>
      db
        .prepare(`SELECT ${ABOUT_A_CONFIG} FROM configuration ORDER BY term DESC, generation DESC LIMIT ?`)
        .all(limit)
        .map(historyEntry),
    );
  }

  async fileHashes(): Promise<readonly string[]> {
    const select =
      "SELECT file_hash FROM configuration GROUP BY file_hash ORDER BY max(term) DESC, max(generation) DESC";
    return this.#tried((db) =>
      db
        .prepare(select)
        .all()
        .map(({ file_hash }) => String(file_hash)),
    );
  }

  async append(next: StoredConfig, expected: SnapshotVersion | undefined): Promise<boolean> {
    return this.#tried((db) =>
      inTransaction(db, () => {
        const latest = db
          .prepare("SELECT term, generation FROM configuration ORDER BY term DESC, generation DESC LIMIT 1")
          .get();
        if (latest?.term !== expected?.term || latest?.generation !== expected?.generation) return false;
        const { term, generation, fileHash, by, at, summary, config } = next;
        db.prepare("INSERT INTO configuration VALUES (?, ?, ?, ?, ?, ?, ?)").run(
          term,
          generation,
          fileHash,
          by,
          at,
          summary,
          JSON.stringify(config),
        );
        db.prepare(FORGET_CONFIGS).run(KEPT_CONFIGS);
        return true;
      }),
    );
  }

  async audit(limit: number): Promise<readonly AuditEntry[]> {
    return this.#tried((db) =>
      db
        .prepare("SELECT entry FROM audit ORDER BY number DESC LIMIT ?")
        .all(limit)
        .map(({ entry }) => JSON.parse(String(entry)) as AuditEntry),
    );
  }

  async appendAudit(entry: AuditEntry): Promise<void> {
    this.#tried((db) => {
      const { lastInsertRowid } = db
        .prepare("INSERT INTO audit (entry) VALUES (?)")
        .run(JSON.stringify(entry));
      db.prepare("DELETE FROM audit WHERE number <= ?").run(Number(lastInsertRowid) - KEPT_AUDIT_ENTRIES);
    });
  }

  #stored(which: string, ...parameters: number[]): StoredConfig | undefined {
    return this.#tried((db) => {
      const row = db
        .prepare(`SELECT ${ABOUT_A_CONFIG}, config FROM configuration ${which}`)
        .get(...parameters);
      if (row === undefined) return undefined;
      const entry = historyEntry(row);
      const { config } = decodeSnapshot({ ...entry, config: JSON.parse(String(row.config)) });
      return { ...entry, config };
    });
  }

  /** @throws StoreUnavailable for whatever goes wrong with the file: a full disk, a lock that is not given. */
  #tried<T>(use: (db: DatabaseSync) => T): T {
    try {
      return use(this.#db);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreUnavailable(`The state database does not answer: ${reason}`, { cause: error });
    }
  }

  close(): void {
    this.#db.close();
  }
}

const ABOUT_A_CONFIG = "term, generation, file_hash, made_by, made_at, summary";
const FORGET_CONFIGS = `DELETE FROM configuration WHERE (term, generation) NOT IN
  (SELECT term, generation FROM configuration ORDER BY term DESC, generation DESC LIMIT ?)`;

function historyEntry(row: Record<string, SQLOutputValue>): HistoryEntry {
  return {
    term: Number(row.term),
    generation: Number(row.generation),
    fileHash: String(row.file_hash),
    by: String(row.made_by),
    at: String(row.made_at),
    summary: String(row.summary),
  };
}

/** All of it, or nothing. */
function inTransaction<T>(db: DatabaseSync, write: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = write();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** The files that SQLite puts beside it get the same mode. */
function openDatabase(path: string): DatabaseSync {
  closeSync(openSync(path, "a", FOR_ITS_OWNER));
  chmodSync(path, FOR_ITS_OWNER);
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
