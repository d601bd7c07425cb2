import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { optionsOf, SECRET, SHOWN } from "../change/options-of.ts";
import { isObject } from "../config/is-object.ts";
import { loadConfig } from "../config/load.ts";
import { formatPlaced } from "../config/places.ts";
import { type HistorySeen, readChange, readHistory } from "./admin/answers.ts";
import type { AdminClient } from "./admin/client.ts";
import { ADMIN_OPTIONS, adminClient, CHANGE_OPTIONS, versionOf, wholeNumber } from "./admin/options.ts";
import { parse, refuseOperands, UsageError } from "./arguments.ts";
import { writeChange } from "./change-text.ts";
import type { Output } from "./check.ts";
import { CommandFailure, EXIT } from "./exit-code.ts";
import { table } from "./table.ts";

type Subcommand = (args: readonly string[], output: Output) => Promise<number>;

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = { get, put, diff, history, rollback };

/** `shunt config ...`: the configuration that holds, and what it was before. */
export async function config(args: readonly string[], output: Output): Promise<number> {
  const [name = "", ...rest] = args;
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand !== undefined) return await subcommand(rest, output);
  const found = name === "" ? "nothing" : `"${name}"`;
  throw new UsageError(
    `shunt config: expected get, put, diff, history or rollback, found ${found}; see \`shunt config --help\`.`,
  );
}

/** As JSON, which is a configuration file: what is printed can be put again. */
async function get(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("config get", args, ADMIN_OPTIONS);
  refuseOperands("config get", positionals, "It prints all of the configuration.");
  const { body, etag } = await adminClient("config get", values).get("/v1/config");
  const answer = body as { readonly config?: unknown };
  output.stdout.write(`${JSON.stringify(values.json ? answer : answer.config, undefined, 2)}\n`);
  if (etag !== undefined && !values.json) output.stderr.write(`version ${etag.replaceAll('"', "")}\n`);
  return EXIT.done;
}

async function put(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("config put", args, CHANGE_OPTIONS);
  const ifMatch = versionOf("config put", values["if-match"]);
  const body = await optionsFrom("config put", positionals, output);
  const client = adminClient("config put", values);
  const { "dry-run": dryRun } = values;
  return await change(client.send("PUT", "/v1/config", { body, dryRun, ifMatch }), values.json, output);
}

async function diff(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("config diff", args, ADMIN_OPTIONS);
  const body = await optionsFrom("config diff", positionals, output);
  const client = adminClient("config diff", values);
  return await change(client.send("POST", "/v1/config/check", { body }), values.json, output);
}

async function history(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("config history", args, {
    ...ADMIN_OPTIONS,
    limit: { type: "string", default: "20" },
  });
  refuseOperands("config history", positionals, "Choose how many with --limit.");
  const limit = wholeNumber("config history", "--limit", values.limit, [1, 1_000]);
  const { body } = await adminClient("config history", values).get("/v1/config/history", {
    limit: String(limit),
  });
  const entries = readHistory(body);
  output.stdout.write(values.json ? `${JSON.stringify(entries, undefined, 2)}\n` : historyText(entries));
  return EXIT.done;
}

async function rollback(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse("config rollback", args, CHANGE_OPTIONS);
  const [text, ...more] = positionals;
  const usage = "`shunt config rollback GENERATION`, of those that `shunt config history` lists";
  refuseOperands("config rollback", more, `It takes one generation: ${usage}.`);
  const generation = wholeNumber("config rollback", "generation", text, [0, Number.MAX_SAFE_INTEGER]);
  if (generation === undefined) {
    throw new UsageError(`shunt config rollback: expected a generation, found nothing: ${usage}.`);
  }
  const client = adminClient("config rollback", values);
  const { "dry-run": dryRun } = values;
  const ifMatch = versionOf("config rollback", values["if-match"]);
  const sent = { body: { generation }, dryRun, ifMatch };
  return await change(client.send("POST", "/v1/config/rollback", sent), values.json, output);
}

async function change(
  answer: ReturnType<AdminClient["send"]>,
  json: boolean,
  output: Output,
): Promise<number> {
  writeChange(readChange((await answer).body), json, output);
  return EXIT.done;
}

/**
 * A file as `-c` takes it, in the form in which the API takes it. Programs run here and not at the coordinator, and what
 * secrets name is read here.
 */
async function optionsFrom(command: string, operands: readonly string[], output: Output): Promise<object> {
  const [file, ...more] = operands;
  if (file === undefined || more.length > 0) {
    throw new UsageError(
      `shunt ${command}: expected one file, found ${operands.length}: \`shunt ${command} FILE\`.`,
    );
  }
  const printed = await printedBefore(file);
  if (printed !== undefined) return printed;
  const loaded = await loadConfig(file);
  if (loaded.ok) return optionsOf(loaded.config, SHOWN);
  for (const mistake of loaded.mistakes) output.stderr.write(`${formatPlaced(mistake)}\n`);
  throw new CommandFailure(EXIT.refused, `shunt ${command}: "${file}" cannot be used; nothing was sent.`);
}

/**
 * What `config get` has printed goes back as it is: it has placeholders for secrets, which the coordinator alone can fill,
 * so it alone can judge it. Undefined for any other file.
 */
async function printedBefore(file: string): Promise<object | undefined> {
  if (extname(file).toLowerCase() !== ".json") return undefined;
  try {
    const text = await readFile(file, "utf8");
    const value: unknown = JSON.parse(text);
    return isObject(value) && text.includes(JSON.stringify(SECRET)) ? value : undefined;
  } catch {
    // Whoever loads it says what is wrong, and where.
    return undefined;
  }
}

function historyText(entries: HistorySeen): string {
  const rows = entries.map(({ term, generation, at, by, summary }) => [
    String(generation),
    `${term}-${generation}`,
    at,
    by,
    summary,
  ]);
  return table(
    [
      { head: "GENERATION", align: "right" },
      { head: "VERSION" },
      { head: "AT" },
      { head: "BY" },
      { head: "SUMMARY" },
    ],
    rows,
  );
}
