import { readFileSync } from "node:fs";
import { UsageError } from "../arguments.ts";
import { AdminClient } from "./client.ts";

/** Options of all commands that go through the admin API. */
export const ADMIN_OPTIONS = {
  admin: { type: "string" },
  "token-file": { type: "string" },
  timeout: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Those of commands that change something. */
export const CHANGE_OPTIONS = {
  ...ADMIN_OPTIONS,
  "dry-run": { type: "boolean", default: false },
  "if-match": { type: "string" },
} as const;

/** What a parsed command line has of `ADMIN_OPTIONS`. */
export interface AdminValues {
  readonly admin?: string | undefined;
  readonly "token-file"?: string | undefined;
  readonly timeout?: string | undefined;
}

const DEFAULT_ADMIN = "http://127.0.0.1:7070";
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

/** The admin API that a command line means. @throws UsageError */
export function adminClient(
  command: string,
  values: AdminValues,
  env: NodeJS.ProcessEnv = process.env,
): AdminClient {
  return new AdminClient({
    command,
    address: addressOf(command, values.admin, env.SHUNT_ADMIN),
    token: tokenOf(command, values["token-file"], env.SHUNT_TOKEN),
    timeoutMs: wholeNumber(command, "--timeout", values.timeout, [1, MAX_TIMEOUT_MS]) ?? DEFAULT_TIMEOUT_MS,
  });
}

/** What `--if-match` names: `TERM-GENERATION`, with the quotes of an entity tag or without. @throws UsageError */
export function versionOf(command: string, text: string | undefined): string | undefined {
  if (text === undefined || /^(?:"\d+-\d+"|\d+-\d+)$/.test(text)) return text;
  throw new UsageError(
    `shunt ${command}: --if-match: expected a version as TERM-GENERATION, such as 1-7, found "${text}". \`shunt status\` shows the one that holds.`,
  );
}

/** @throws UsageError when it is none, or out of range. */
export function wholeNumber(
  command: string,
  what: string,
  text: string | undefined,
  [least, most]: readonly [number, number],
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(
    `shunt ${command}: ${what}: expected a whole number in ${least}..${most}, found "${text}".`,
  );
}

function addressOf(command: string, option: string | undefined, fromEnv: string | undefined): URL {
  const [name, text] = option === undefined ? ["SHUNT_ADMIN", fromEnv] : ["--admin", option];
  const url = URL.parse(text || DEFAULT_ADMIN);
  const http = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !http || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      `shunt ${command}: ${name}: expected an address as ${DEFAULT_ADMIN}, found "${text}".`,
    );
  }
  // Whatever lists processes shows command lines to everybody, and shells remember them.
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(
      `shunt ${command}: ${name}: an address with credentials is not taken. Set SHUNT_TOKEN, or name a file with --token-file.`,
    );
  }
  return url;
}

/** A file that is named wins over the environment. */
function tokenOf(command: string, file: string | undefined, fromEnv: string | undefined): string | undefined {
  const [from, text] = file === undefined ? ["SHUNT_TOKEN", fromEnv] : [`"${file}"`, read(command, file)];
  const token = text?.trim();
  if (file === undefined && (token === undefined || token === "")) return undefined;
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(
    `shunt ${command}: the token of ${from}: expected visible ASCII characters, found ${token === "" ? "nothing" : "others"}.`,
  );
}

function read(command: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`shunt ${command}: --token-file: cannot read "${file}": ${reason}.`);
  }
}
