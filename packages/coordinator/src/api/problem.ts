import type { FastifyReply } from "fastify";
import type { z } from "zod";
import { pointerTo } from "../change/pointer.ts";

/** Why a request of the admin API was refused (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly title: string;
  /** A sentence: what was found, what was expected. */
  readonly detail: string;
  /** What is wrong in the content, each with a JSON Pointer to its place. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Thrown anywhere in a handler; becomes the answer. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;
  /** Fields of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail);
    this.problem = problem;
    this.headers = headers;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export function problem(status: number, detail: string): Problem {
  return { status, title: TITLES[status] ?? `Status ${status}`, detail };
}

export function sendProblem(reply: FastifyReply, { status, ...rest }: Problem): FastifyReply {
  // `type` is about:blank, so that `title` is that of the status (RFC 9457, section 4.2.1).
  return reply
    .code(status)
    .type("application/problem+json")
    .send(JSON.stringify({ type: "about:blank", status, ...rest }));
}

/** The value as the schema has it. @throws ProblemError 422 with a pointer to each mistake. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap(placesOf);
  throw new ProblemError({ ...problem(422, `The ${what} is not as expected`), errors });
}

/** An unknown field is told where it stands and not where its object does. */
function placesOf(issue: z.core.$ZodIssue): { pointer: string; detail: string }[] {
  if (issue.code !== "unrecognized_keys") return [{ pointer: pointerTo(issue.path), detail: issue.message }];
  return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: "Unknown field" }));
}
