/** Nothing can be started, and the operator is told why in a sentence: no stack, exit 1. */
export class StartRefusal extends Error {
  override readonly name = "StartRefusal";
}

/** The system's name of an error (`EACCES`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
