import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { loadConfig } from "../config/load.ts";
import { formatPlaced } from "../config/places.ts";
import { Explainer, NO_LOADS } from "../explain/explain.ts";
import { explanationText } from "../explain/text.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { parse, refuseOperands, UsageError } from "./arguments.ts";
import type { Output } from "./check.ts";

const OPTIONS = {
  config: { type: "string", short: "c" },
  method: { type: "string", default: "GET" },
  target: { type: "string", default: "/" },
  header: { type: "string", multiple: true, default: [] as string[] },
  client: { type: "string", default: "127.0.0.1" },
  user: { type: "string" },
  body: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Says why a request would go where, by the configuration alone: nothing runs and all loads are zero. */
export async function explain(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("explain", args, OPTIONS);
  refuseOperands("explain", positionals, "Name the request with --method, --target and --header.");
  if (values.config === undefined) {
    throw new UsageError(
      "shunt explain: no configuration named. Name it with -c: `shunt explain -c FILE ...`.",
    );
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
  const loaded = await loadConfig(values.config);
  if (!loaded.ok) {
    output.stderr.write(`${loaded.mistakes.map(formatPlaced).join("\n")}\n`);
    return 1;
  }
  const explanation = explained(new Explainer(snapshotOf(0, loaded.config)), asked, seed);
  output.stdout.write(
    values.json ? `${JSON.stringify(explanation, undefined, 2)}\n` : explanationText(explanation),
  );
  return 0;
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
