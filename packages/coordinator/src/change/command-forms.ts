import { MAX_LINE_BYTES, SERVER_STATES } from "@shunt/core";
import { z } from "zod";
import type { ChangeOutcome, ChangeRequest } from "./change.ts";

/** How a change is handed to the leader, and its outcome back: parsed as if a stranger had written it. */

const Count = z.int().min(0);
const Name = z.string().min(1).max(256);
const Sentence = z.string().max(65_536);
const Version = z.object({ term: Count, generation: Count });

const Edit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("replace"), options: z.unknown(), fileHash: Name.optional() }),
  z.strictObject({ kind: z.literal("add-server"), pool: Name, server: Name, options: z.unknown() }),
  z.strictObject({
    kind: z.literal("patch-server"),
    pool: Name,
    server: Name,
    state: z.enum(SERVER_STATES).optional(),
    weight: z.number().optional(),
  }),
  z.strictObject({ kind: z.literal("remove-server"), pool: Name, server: Name }),
  z.strictObject({ kind: z.literal("rollback"), generation: Count }),
]);

const Request = z.strictObject({
  edit: Edit,
  ifMatch: Version.optional(),
  dryRun: z.boolean(),
  by: Name,
});

const Difference = z.object({
  pointer: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

const Outcome = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["changed", "unchanged", "would-change"]),
    version: Version,
    differences: z.array(Difference),
    warnings: z.array(Sentence),
  }),
  z.object({ kind: z.literal("conflict"), version: Version }),
  z.object({
    kind: z.literal("invalid"),
    mistakes: z.array(z.object({ pointer: z.string(), detail: Sentence })),
  }),
  z.object({ kind: z.enum(["unknown", "unavailable"]), detail: Sentence }),
]);

/** @throws an Error that says what was found. */
export function parseChangeRequest(json: string): ChangeRequest {
  const { ifMatch, ...rest } = Request.parse(parsed(json));
  return { ...rest, ifMatch };
}

/** @throws an Error that says what was found. */
export function parseChangeOutcome(json: string): ChangeOutcome {
  const outcome = Outcome.parse(parsed(json));
  if (!("differences" in outcome)) return outcome;
  const differences = outcome.differences.map(({ pointer, before, after }) => ({ pointer, before, after }));
  return { ...outcome, differences };
}

function parsed(json: string): unknown {
  if (json.length > MAX_LINE_BYTES) throw new Error(`expected at most ${MAX_LINE_BYTES} characters`);
  return JSON.parse(json);
}
