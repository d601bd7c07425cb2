import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { loadConfig } from "../config/load.ts";
import { formatPlaced } from "../config/places.ts";
import { Explainer, type Explanation, NO_LOADS } from "../explain/explain.ts";
import { explanationText } from "../explain/text.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { readExplanation } from "./admin/answers.ts";
import { ADMIN_OPTIONS, adminClient } from "./admin/options.ts";
import { parse, refuseOperands, UsageError } from "./arguments.ts";
import type { Output } from "./check.ts";

const OPTIONS = {
  ...ADMIN_OPTIONS,
  config: { type: "string", short: "c" },
  method: { type: "string", default: "GET" },
  target: { type: "string", default: "/" },
  header: { type: "string", multiple: true, default: [] as string[] },
  client: { type: "string", default: "127.0.0.1" },
  user: { type: "string" },
  body: { type: "string" },
  seed: { type: "string" },
} as const;

/**
 * Says why a request would go where: with -c by the configuration alone, where nothing runs and all loads are zero; else
 * by what a coordinator knows now.
 */
export async function explain(
  args: readonly string[],
  output: Output,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const { values, positionals } = parse("explain", args, OPTIONS);
  refuseOperands("explain", positionals, "Name the request with --method, --target and --header.");
  const asksApi = values.admin !== undefined || (values.config === undefined && env.SHUNT_ADMIN);
  if (values.config === undefined && !asksApi) {
    throw new UsageError(
      "shunt explain: no configuration named. Name it with -c: `shunt explain -c FILE ...`; or name a running Shunt with --admin URL.",
    );
  }
  if (values.config !== undefined && asksApi) {
    throw new UsageError("shunt explain: expected -c FILE or --admin URL, found both.");
  }
  const asked = {
    method: values.method,
    target: values.target,
    headers: values.header.map(fieldOf),
    client: values.client,
    user: values.user,
    body: await bodyOf(values.body),
  };
  const seed = seedOf(values.seed);
  const explanation =
    values.config === undefined
      ? await askApi(adminClient("explain", values, env), asked, seed)
      : await explainFile(values.config, asked, seed, output);
  if (explanation === undefined) return 1;
  output.stdout.write(
    values.json ? `${JSON.stringify(explanation, undefined, 2)}\n` : explanationText(explanation),
  );
  return 0;
}

type Asked = Parameters<Explainer["explain"]>[0];

/** Undefined: there are mistakes in the file, and they are told. */
async function explainFile(
  file: string,
  asked: Asked,
  seed: number,
  output: Output,
): Promise<Explanation | undefined> {
  const loaded = await loadConfig(file);
  if (loaded.ok) return explained(new Explainer(snapshotOf(0, loaded.config)), asked, seed);
  output.stderr.write(`${loaded.mistakes.map(formatPlaced).join("\n")}\n`);
  return undefined;
}

async function askApi(
  client: ReturnType<typeof adminClient>,
  { headers, body, ...asked }: Asked,
  seed: number,
): Promise<Explanation> {
  const fields = Object.entries(Object.groupBy(headers, ([name]) => name)).map(
    ([name, lines = []]) => [name, lines.map(([, value]) => value)] as const,
  );
  const answer = await client.send("POST", "/v1/explain", {
    body: { ...asked, headers: Object.fromEntries(fields), body: textOf(body), seed },
  });
  return readExplanation(answer.body);
}

/** JSON carries text alone. */
function textOf(content: Uint8Array | undefined): string | undefined {
  if (content === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new UsageError(
      "shunt explain: --body: expected text in UTF-8, as --admin sends it in JSON; with -c any octets are taken.",
    );
  }
}

function explained(explainer: Explainer, asked: Parameters<Explainer["explain"]>[0], seed: number) {
  try {
    return explainer.explain(asked, NO_LOADS, seed);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`shunt explain: --client: ${error.message}.`);
    throw error;
  }
}

/** `Name: value`, as with curl. */
function fieldOf(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new UsageError(`shunt explain: --header: expected "Name: value", found "${text}".`);
  }
  return [text.slice(0, colon), text.slice(colon + 1).trim()];
}

/** A text, or `@FILE`, as with curl. */
async function bodyOf(text: string | undefined): Promise<Buffer | undefined> {
  if (text === undefined || !text.startsWith("@")) return text === undefined ? undefined : Buffer.from(text);
  const file = text.slice(1);
  try {
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`shunt explain: --body: cannot read "${file}": ${reason}.`);
  }
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return randomInt(2 ** 32);
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (seed <= 0xffff_ffff) return seed;
  throw new UsageError(`shunt explain: --seed: expected a whole number in 0..4294967295, found "${text}".`);
}
