import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Logger } from "pino";
import { parseStoredConfig } from "../store/stored-forms.ts";
import type { StoredConfig } from "./change.ts";

/**
 * The last configuration that this coordinator has followed, in a file of its host: what a start goes on with when the
 * store has lost its memory, or is away. Holds keys, so it is for this user alone.
 */
export class KeptConfig {
  readonly #path: string;
  readonly #log: Logger;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** Undefined where there is none that can be read. */
  read(): StoredConfig | undefined {
    try {
      // A file of before has the snapshot alone.
      const nothing = { fileHash: "", by: "file", at: "", summary: "" };
      return parseStoredConfig(
        JSON.stringify({ ...nothing, ...JSON.parse(readFileSync(this.#path, "utf8")) }),
      );
    } catch (error) {
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!isMissing)
        this.#log.warn(
          { err: error, path: this.#path },
          "the kept configuration cannot be read, it is written anew",
        );
      return undefined;
    }
  }

  /** In one write: a reader finds the one before or this one. A disk that is full is no reason to stop. */
  write(stored: StoredConfig): void {
    const next = `${this.#path}.next`;
    try {
      writeFileSync(next, JSON.stringify(stored), { mode: 0o600, flush: true });
      renameSync(next, this.#path);
    } catch (error) {
      this.#log.error(
        { err: error, path: this.#path },
        "the configuration cannot be kept for the next start",
      );
    }
  }
}
