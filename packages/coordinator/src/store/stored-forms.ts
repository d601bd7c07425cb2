import { decodeSnapshot } from "@shunt/core";
import { z } from "zod";
import type { AuditEntry, HistoryEntry, StoredConfig } from "../change/change.ts";

/** What a store gives back is parsed as if a stranger had written it: another version may have, or a hand. */

const Count = z.int().min(0);
const Text = z.string().max(4_096);
const Version = z.object({ term: Count, generation: Count });

const Entry = Version.extend({ fileHash: Text, by: Text, at: Text, summary: Text });

const Difference = z
  .object({ pointer: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })
  .transform(({ pointer, before, after }) => ({ pointer, before, after }));

const Audit = z.object({
  at: Text,
  by: Text,
  what: Text,
  outcome: z.enum(["changed", "unchanged", "would-change", "conflict", "invalid", "unknown", "unavailable"]),
  before: Version,
  after: Version,
  differences: z.array(Difference),
});

/** @throws an Error that says what was found. */
export function parseStoredConfig(json: string): StoredConfig {
  const value: unknown = JSON.parse(json);
  const entry = Entry.parse(value);
  return { ...entry, config: decodeSnapshot(value).config };
}

/** @throws an Error that says what was found. */
export function parseHistoryEntry(json: string): HistoryEntry {
  return Entry.parse(JSON.parse(json));
}

/** @throws an Error that says what was found. */
export function parseAuditEntry(json: string): AuditEntry {
  return Audit.parse(JSON.parse(json));
}

/** Without its content. */
export function historyEntryOf({ config: _, ...entry }: StoredConfig): HistoryEntry {
  return entry;
}
