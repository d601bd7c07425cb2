import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** One file of a package. Paths are relative to the repository and have forward slashes. */
export interface SourceFile {
  readonly path: string;
  /** core, worker or coordinator. */
  readonly package: string;
  /** A test, a benchmark or what only they use: it may do what the product may not. */
  readonly proof: boolean;
  /** The text with comments blanked out; offsets and lines are those of the file. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Where its string begins in `code`. */
  readonly offset: number;
  /** `import type` and `export type`: nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

/**
 * Comments, and what may hold their signs without being one. A slash begins a regular expression where an
 * operand must follow, and a division elsewhere.
 */
const COMMENTS_AND_LITERALS =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=(?:[=(,:;[!&|?{}>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g;

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`, types included. */
const IMPORTS =
  /^(?:import|export)(?<clause>\b[^;"'()=]*?)\bfrom\s*["'](?<from>[^"']+)["']|^import\s*["'](?<effect>[^"']+)["']|\bimport\s*\(\s*["'`](?<call>[^"'`]+)["'`]/gm;

/** All TypeScript of all packages; generated declarations and dependencies are not ours to judge. */
export function readPackages(root: string): SourceFile[] {
  return globSync("packages/*/src/**/*.ts", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

export function parseSource(path: string, text: string): SourceFile {
  const code = blankComments(text);
  return {
    path,
    package: path.split("/")[1] ?? "",
    proof: /\.(test|bench)\.ts$|\/test-[^/]*\.ts$/.test(path),
    code,
    imports: [...code.matchAll(IMPORTS)].map((match) => readImport(code, match)),
  };
}

function readImport(code: string, match: RegExpExecArray): Import {
  const { clause = "", from, effect, call } = match.groups ?? {};
  const specifier = from ?? effect ?? call ?? "";
  return {
    specifier,
    line: lineAt(code, match.index),
    offset: match.index + match[0].length - specifier.length - 2,
    typeOnly: /^\s+type\s+\S/.test(clause),
  };
}

function blankComments(text: string): string {
  return text.replace(COMMENTS_AND_LITERALS, (literal, comment: string | undefined) =>
    comment === undefined ? literal : blank(literal),
  );
}

/** Strings blanked as well: what is left of a template is kept, for it may hold code. */
export function blankStrings(code: string): string {
  return code.replace(COMMENTS_AND_LITERALS, (literal) => (/^["']/.test(literal) ? blank(literal) : literal));
}

/** Spaces in place of everything but the ends of lines. */
export function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** The file that a relative specifier means; undefined for a package or a module of Node. */
export function resolveRelative(path: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined;
}
