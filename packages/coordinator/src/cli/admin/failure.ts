import { z } from "zod";
import { CommandFailure, EXIT } from "../exit-code.ts";

/** What was tried. */
export interface Tried {
  readonly command: string;
  readonly method: string;
  readonly url: URL;
  readonly timeoutMs: number;
}

const Refusal = z.looseObject({
  title: z.string(),
  detail: z.string(),
  errors: z.array(z.looseObject({ pointer: z.string(), detail: z.string() })).default([]),
});

/** Nothing came back, or not in time. */
export function noAnswer(tried: Tried, error: unknown): CommandFailure {
  const { url, timeoutMs } = tried;
  const late = error instanceof DOMException && error.name === "TimeoutError";
  const found = late ? `no answer in ${timeoutMs} ms` : reasonOf(error);
  const advice = late
    ? "Give it more time with --timeout MS, or ask another coordinator with --admin URL"
    : "Start Shunt there, or name the address of its admin API with --admin URL or SHUNT_ADMIN";
  return failure(
    EXIT.unreachable,
    tried,
    `cannot reach the admin API at ${url.origin}: ${found}. ${advice}.`,
  );
}

/** It answers, and not with what was asked for. */
export function refusedBy(tried: Tried, status: number, body: unknown): CommandFailure {
  const { method, url } = tried;
  const where = `${url.origin} to ${method} ${url.pathname}`;
  const refusal = Refusal.safeParse(body);
  if (!refusal.success) {
    const advice = "Name the address of Shunt's admin API with --admin URL or SHUNT_ADMIN";
    return failure(
      EXIT.unreachable,
      tried,
      `the answer of ${where} is not one of Shunt's admin API (status ${status}). ${advice}.`,
    );
  }
  const { detail, errors } = refusal.data;
  const [exitCode, advice] = MEANINGS[status] ?? (status >= 500 ? LATER : REFUSED);
  const said = detail.replace(/\.$/, "");
  const sentence = `${method} ${url.pathname} at ${url.origin} is answered with ${status}: ${said}.${advice}`;
  const places = errors.map(({ pointer, detail: each }) => `\n  ${pointer || "/"}: ${each}`);
  return failure(exitCode, tried, sentence + places.join(""));
}

const REFUSED: readonly [number, string] = [EXIT.refused, ""];
const LATER: readonly [number, string] = [
  EXIT.unreachable,
  " Try again, or look into the log of the coordinator.",
];

/** By status: exit code, and what to do. */
const MEANINGS: Readonly<Record<number, readonly [number, string]>> = {
  401: [EXIT.forbidden, " Set SHUNT_TOKEN, or name a file with --token-file."],
  403: [EXIT.forbidden, " Use a token that may."],
  412: [
    EXIT.conflict,
    " See `shunt config diff` and `shunt config history` for what holds now, and decide again.",
  ],
};

function failure(exitCode: number, { command }: Tried, sentence: string): CommandFailure {
  return new CommandFailure(exitCode, `shunt ${command}: ${sentence}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "the name of the host cannot be looked up now",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no way to that network",
  UND_ERR_SOCKET: "the connection ended before the answer did",
  UND_ERR_CONNECT_TIMEOUT: "it does not accept connections",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "the answer is longer than any of Shunt's",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message || code : String(error));
}
