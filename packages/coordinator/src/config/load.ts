import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, extname, resolve } from "node:path";
import type { ResolvedConfig } from "@shunt/core";
import { type Mistake, type ResolveContext, resolveConfig } from "@shunt/core/config/resolving";
import { readJson } from "./json-source.ts";
import { messageOf, type PlacedMistake, type Source } from "./places.ts";

/** A configuration from a file, or everything that is wrong with it, in the order of the file. */
export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: ResolvedConfig;
      /** Places of what works and is probably not meant. */
      readonly warnings: readonly PlacedMistake[];
      /** SHA-256 of the bytes of the file, hexadecimal. */
      readonly hash: string;
      /** The file itself. Secrets may stand in it: it is for nobody to see. */
      readonly text: string;
    }
  | { readonly ok: false; readonly mistakes: readonly PlacedMistake[] };

/**
 * Reads, runs where it is a program, and resolves a configuration. Loading the same file again sees what has changed,
 * in it and in the files that it imports. Never throws for what is wrong with the file.
 */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): Promise<LoadedConfig> {
  const read = READERS[extname(file).toLowerCase()];
  if (read === undefined) return refuse(file, `cannot tell what kind of file this is`, `one of ${KINDS}`);
  const bytes = await readFile(file).catch((error: unknown) => new Error(reasonOf(error)));
  if (bytes instanceof Error) return refuse(file, `cannot be read: ${bytes.message}`);
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  const source = await read(text, resolve(file));
  if (!source.ok)
    return { ok: false, mistakes: source.mistakes.map((each) => ({ file, path: [], ...each })) };
  const resolution = resolveConfig(source.value, contextOf(file, env));
  const placed = (each: Mistake): PlacedMistake => place(each, file, source);
  if (!resolution.ok) return { ok: false, mistakes: inOrder(resolution.mistakes.map(placed)) };
  const warnings = inOrder(resolution.warnings.map(placed));
  return { ok: true, config: resolution.config, warnings, hash: sha256(bytes), text };
}

type Reader = (text: string, path: string) => Source | Promise<Source>;

// The parsers of the other kinds are not loaded.
const typeScript: Reader = async (...file) => (await import("./read-module.ts")).readTypeScript(...file);
const javaScript: Reader = async (...file) => (await import("./read-module.ts")).readModule(...file);
const yaml: Reader = async (text) => (await import("./yaml-source.ts")).readYaml(text);

const READERS: Readonly<Record<string, Reader>> = {
  ".ts": typeScript,
  ".mts": typeScript,
  ".js": javaScript,
  ".mjs": javaScript,
  ".json": readJson,
  ".yaml": yaml,
  ".yml": yaml,
};

const KINDS = Object.keys(READERS).join(", ");

function refuse(file: string, problem: string, expected?: string): LoadedConfig {
  const mistake = { file, place: undefined, path: [], problem };
  return { ok: false, mistakes: [expected === undefined ? mistake : { ...mistake, expected }] };
}

function contextOf(file: string, env: NodeJS.ProcessEnv): ResolveContext {
  const path = resolve(file);
  return {
    cores: availableParallelism(),
    statePath: `${path}.state`,
    absolutePath: (relative) => resolve(dirname(path), relative),
    env: (name) => env[name],
    readFile: readTextFile,
  };
}

function readTextFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(reasonOf(error));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};

function reasonOf(error: unknown): string {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? messageOf(error);
}

function place(mistake: Mistake, file: string, source: Source & { readonly ok: true }): PlacedMistake {
  const { at = "value", ...rest } = mistake;
  return { file, place: source.locate(mistake.path, at), ...rest };
}

function inOrder(mistakes: readonly PlacedMistake[]): PlacedMistake[] {
  const line = ({ place: at }: PlacedMistake): number => at?.line ?? 0;
  const column = ({ place: at }: PlacedMistake): number => at?.column ?? 0;
  return mistakes.toSorted((a, b) => line(a) - line(b) || column(a) - column(b));
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
