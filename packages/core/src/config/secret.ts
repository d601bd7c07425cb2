import { type Path, quote } from "./mistake.ts";
import type { SecretOptions } from "./options.ts";
import type { Reading } from "./reading.ts";

/** The text itself; undefined, with a mistake that does not contain it, when it cannot be had. */
export function readSecret(options: SecretOptions, path: Path, reading: Reading): string | undefined {
  if (typeof options === "string") return options;
  return "env" in options
    ? readVariable(options.env, [...path, "env"], reading)
    : readTextFile(options.file, [...path, "file"], reading);
}

/** Warns about a secret that stands in the configuration itself, where everybody reads it who may read the file. */
export function warnAboutInlineSecret(options: SecretOptions, path: Path, { warnings }: Reading): void {
  if (typeof options !== "string") return;
  const problem =
    'a secret stands in the configuration itself; { env: "NAME" } or { file: "PATH" } keeps it out';
  warnings.push({ path, problem });
}

function readVariable(name: string, path: Path, { context, mistakes }: Reading): string | undefined {
  const value = context.env(name);
  if (value !== undefined && value !== "") return value;
  const problem = `the environment variable ${quote(name)} is ${value === undefined ? "not set" : "empty"}`;
  mistakes.push({ path, problem });
  return undefined;
}

function readTextFile(file: string, path: Path, { context, mistakes }: Reading): string | undefined {
  try {
    const text = context.readFile(context.absolutePath(file)).replace(/\r?\n$/, "");
    if (text !== "") return text;
    mistakes.push({ path, problem: `the file ${quote(file)} is empty` });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mistakes.push({ path, problem: `cannot read ${quote(file)}: ${reason}` });
  }
  return undefined;
}
