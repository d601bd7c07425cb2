import { type DataPlaneConfig, isNewer, type SnapshotVersion } from "@shunt/core";
import type { StoredConfig } from "./change.ts";

/** What a configuration file says to a coordinator that starts with it. */
export interface FromFile {
  readonly config: DataPlaneConfig;
  readonly hash: string;
}

export interface Beginning {
  /** Of the store; undefined where it has none that can be read. */
  readonly latest: StoredConfig | undefined;
  /** The newest that this coordinator has ever followed, and keeps itself. */
  readonly kept: StoredConfig;
  /** The newest that an acceptor holds. */
  readonly held: SnapshotVersion;
  /** Undefined once the file was considered: it is, at the start of a coordinator, and then no more. */
  readonly file: FromFile | undefined;
  /** Hashes of the files that the store has ever seen. */
  readonly seen: readonly string[];
  /** Nobody else could have started with another file. */
  readonly isAlone: boolean;
  /** That is led. */
  readonly term: number;
  /** ISO 8601. */
  readonly at: string;
}

/** What a leader begins with. */
export type First =
  | { readonly kind: "goes-on"; readonly stored: StoredConfig }
  | {
      readonly kind: "begins";
      /** To be appended to the store. */
      readonly next: StoredConfig;
      /** What it follows. */
      readonly base: StoredConfig;
      readonly why: "file" | "store-lost";
    };

/**
 * The configuration that a leader begins with (docs/decisions/0013-cluster-over-redis.md): that of the store; unless the
 * file wins; unless the store was emptied or set back, which shows in that somebody knows a newer version. Then what is
 * known here goes on, above all that is known.
 */
export function firstConfiguration(beginning: Beginning): First {
  const { latest, kept, held, term, at } = beginning;
  const base = latest === undefined || isNewer(kept, latest) ? kept : latest;
  const isLost = base !== latest || isNewer(held, base);
  const file = fileThatWins(beginning, base);
  if (file === undefined && !isLost) return { kind: "goes-on", stored: base };
  const generation = Math.max(latest?.generation ?? 0, kept.generation, held.generation) + 1;
  const version = { term, generation, at };
  if (file !== undefined) {
    const next = { ...version, config: file.config, fileHash: file.hash, by: "file", summary: "the file" };
    return { kind: "begins", next, base, why: "file" };
  }
  const isFirst = kept.generation === 0;
  const summary = isFirst ? "the file" : `as before: the store had lost generation ${base.generation}`;
  return { kind: "begins", next: { ...base, ...version, summary }, base, why: "store-lost" };
}

/** A file that was seen before and is not the last does not win: another host has been started with a newer one. */
function fileThatWins({ file, seen, isAlone }: Beginning, base: StoredConfig): FromFile | undefined {
  if (file === undefined || file.hash === base.fileHash) return undefined;
  return isAlone || !seen.includes(file.hash) ? file : undefined;
}

/** What is kept before anything was: the file itself, older than all that anybody else could know. */
export function unversioned({ config, hash }: FromFile, at: string): StoredConfig {
  return { term: 0, generation: 0, config, fileHash: hash, by: "file", at, summary: "the file" };
}
