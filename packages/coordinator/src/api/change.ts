import type { ChangeOutcome, Edit } from "../change/change.ts";
import type { ApiContext } from "./context.ts";
import { entityTag, expectedVersion } from "./entity-tag.ts";
import { ProblemError, problem } from "./problem.ts";
import type { Call } from "./serve.ts";

/** Changes that were made, or would be. */
type Made = Extract<ChangeOutcome, { readonly differences: unknown }>;

const RETRY_AFTER_SECONDS = "1";

/** The parts of a call that every change has. */
type ChangeCall = Pick<Call<never>, "caller" | "request" | "reply"> & {
  readonly query: { readonly dryRun?: "true" | "false" };
};

/**
 * Has the change made as the request asks for it, with its If-Match; the answer gets the entity tag of what holds then.
 * @throws ProblemError 404, 412, 422, 503
 */
export async function changeBy(
  { caller, request, reply, query }: ChangeCall,
  { configuration }: ApiContext,
  edit: Edit,
  options: { readonly dryRun?: boolean; readonly pointersUnder?: string } = {},
): Promise<Made> {
  const expected = expectedVersion(request.headers["if-match"], configuration.current);
  if (expected === "none") throw conflict(configuration.current);
  const outcome = await configuration.change({
    edit,
    ifMatch: expected === "any" ? undefined : expected,
    dryRun: options.dryRun ?? query.dryRun === "true",
    by: caller.name,
  });
  switch (outcome.kind) {
    case "changed":
    case "unchanged":
    case "would-change":
      reply.header("etag", entityTag(outcome.version));
      return outcome;
    case "conflict":
      throw conflict(outcome.version);
    case "invalid":
      throw invalid(outcome.mistakes, options.pointersUnder ?? "");
    case "unknown":
      throw new ProblemError(problem(404, outcome.detail));
    case "unavailable":
      throw new ProblemError(problem(503, outcome.detail), { "retry-after": RETRY_AFTER_SECONDS });
  }
}

/** The answer to a change. */
export function changeAnswer({ kind, version, differences, warnings }: Made) {
  return { outcome: kind, term: version.term, generation: version.generation, differences, warnings };
}

function conflict(version: Parameters<typeof entityTag>[0]): ProblemError {
  const detail = `The configuration is not the one that If-Match names: it is ${entityTag(version)} now`;
  return new ProblemError(problem(412, detail), { etag: entityTag(version) });
}

type Mistakes = Extract<ChangeOutcome, { readonly kind: "invalid" }>["mistakes"];

function invalid(mistakes: Mistakes, under: string): ProblemError {
  const [first] = mistakes;
  const detail = mistakes.length === 1 && first ? first.detail : `${mistakes.length} mistakes: see errors`;
  const errors = mistakes.map(({ pointer, detail: each }) => ({ pointer: under + pointer, detail: each }));
  return new ProblemError({ ...problem(422, detail), errors });
}
