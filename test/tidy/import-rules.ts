import { blank, blankStrings, lineAt, resolveRelative, type SourceFile } from "./source.ts";

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly what: string;
  readonly why: string;
}

export function describe(violation: Violation): string {
  return `${violation.path}:${violation.line}: ${violation.what}, ${violation.why}`;
}

/** Every rule over every file, in the order of the files. */
export function findViolations(files: readonly SourceFile[]): Violation[] {
  return [...files.flatMap(checkFile), ...findCycles(files)];
}

function checkFile(file: SourceFile): Violation[] {
  return [
    ...checkDirection(file),
    ...checkMentions(file),
    ...(file.package === "core" && !file.proof ? [...checkPureImports(file), ...checkPureCode(file)] : []),
    ...(file.path.endsWith("/index.ts") ? checkIndex(file) : []),
  ];
}

/** Which packages a package may import: worker -> core <- coordinator. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  worker: ["core"],
  coordinator: ["core"],
};

const OUTSIDE = "the repository outside packages/";

/** The package that a specifier leads to; undefined for dependencies and modules of Node. */
function packageOf(file: SourceFile, specifier: string): string | undefined {
  const target = resolveRelative(file.path, specifier);
  if (target === undefined) return /^@shunt\/([^/]+)/.exec(specifier)?.[1];
  return /^packages\/([^/]+)\//.exec(target)?.[1] ?? OUTSIDE;
}

function checkDirection(file: SourceFile): Violation[] {
  const allowed = MAY_IMPORT[file.package] ?? [];
  return file.imports.flatMap(({ specifier, line }) => {
    const target = packageOf(file, specifier);
    if (target === undefined) return [];
    const relative = specifier.startsWith(".");
    if (relative ? target === file.package : allowed.includes(target)) return [];
    const what = `${file.package} imports "${specifier}"`;
    return [{ path: file.path, line, what, why: whyNot(file.package, target, relative) }];
  });
}

function whyNot(from: string, to: string, relative: boolean): string {
  if (from === to) return "but inside a package the file that is meant is imported, not the package's index";
  if (relative) return `but that is a file of ${to}; packages meet by their names`;
  return "but dependencies point one way: worker -> core <- coordinator";
}

/** What a string may name: a package of ours, or a file. */
const NAMES =
  /(?<resolver>import\.meta\.resolve\(\s*)?["'`](?<name>@shunt\/[^"'`\n]+|\.\.?\/[^"'`\n]+)["'`]/g;

/** Names in strings that are no import: a path for a child process, for a thread, for a resolver. */
function checkMentions(file: SourceFile): Violation[] {
  const imported = new Set(file.imports.map(({ offset }) => offset));
  return [...file.code.matchAll(NAMES)].flatMap((match) => {
    const { resolver = "", name = "" } = match.groups ?? {};
    if (imported.has(match.index + resolver.length) || !isForeign(file, name, resolver !== "")) return [];
    const line = lineAt(file.code, match.index);
    return [{ path: file.path, line, what: `${file.package} names "${name}"`, why: WHY_NOT_NAMED }];
  });
}

const WHY_NOT_NAMED =
  'but worker and coordinator meet on the state bus; only import.meta.resolve("@shunt/worker/main") may stand in coordinator';

function isForeign(file: SourceFile, name: string, resolved: boolean): boolean {
  const target = packageOf(file, name);
  if (target === undefined || target === OUTSIDE || target === file.package || target === "core")
    return false;
  return !(resolved && file.package === "coordinator" && name === "@shunt/worker/main");
}

/** Sockets, files, processes, threads and the environment, by the names of Node's modules. */
const IMPURE_MODULES =
  /^(?:node:)?(?:net|tls|dgram|dns|http|https|http2|fs|child_process|worker_threads|cluster|process|os|sqlite|timers)(?:\/|$)/;

function checkPureImports(file: SourceFile): Violation[] {
  return file.imports.flatMap(({ specifier, line }) => {
    const undiciItself = /^undici(?!\/lib\/llhttp\/)/.test(specifier);
    if (!IMPURE_MODULES.test(specifier) && !undiciItself) return [];
    const why = "but core opens no socket and no file, starts nothing and reads no environment";
    return [{ path: file.path, line, what: `core imports "${specifier}"`, why }];
  });
}

const IMPURE_CODE: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /\bprocess\s*\.\s*(?:env|argv|cwd|platform|pid)\b/g,
    "but core reads no environment; options are arguments",
  ],
  [
    /\bDate\s*\.\s*now\b|\bnew Date\(\s*\)|\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/g,
    "but core asks no clock; the time is an argument",
  ],
  [
    /\bMath\s*\.\s*random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g,
    "but core rolls no dice; the seed is an argument",
  ],
  [
    /\b(?:require|getBuiltinModule|createRequire)\s*\(/g,
    "but core imports by import alone, so that these rules see it",
  ],
];

function checkPureCode(file: SourceFile): Violation[] {
  const code = blankStrings(file.code);
  return IMPURE_CODE.flatMap(([pattern, why]) =>
    [...code.matchAll(pattern)].map((match) => ({
      path: file.path,
      line: lineAt(code, match.index),
      what: `core uses ${match[0]}`,
      why,
    })),
  );
}

/** `export { a, type B } from "./file.ts";`, also `export type`; and `export {};` while there is nothing. */
const REEXPORT_BY_NAME = /^export\s+(?:(?:type\s+)?\{[^{}]*\}\s*from\s*"[^"]+"|\{\s*\});/gm;

function checkIndex(file: SourceFile): Violation[] {
  const rest = file.code.replace(REEXPORT_BY_NAME, blank);
  const offset = rest.search(/\S/);
  if (offset < 0) return [];
  const line = lineAt(rest, offset);
  const what = `index.ts says ${JSON.stringify(rest.split("\n")[line - 1]?.trim())}`;
  return [{ path: file.path, line, what, why: "but an index re-exports by name and does nothing else" }];
}

/** Cycles of imports that are there when the program runs; a cycle of types alone delays no initialisation. */
function findCycles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const violations: Violation[] = [];
  for (const file of files) walk(file, []);
  return violations;

  function walk(file: SourceFile, trail: readonly string[]): void {
    if (done.has(file.path)) return;
    const here = [...trail, file.path];
    for (const { specifier, line, typeOnly } of file.imports) {
      const target = byPath.get(resolveRelative(file.path, specifier) ?? "");
      if (target === undefined || typeOnly) continue;
      const start = here.indexOf(target.path);
      if (start < 0) walk(target, here);
      else violations.push(cycle(file.path, line, [...here.slice(start), target.path]));
    }
    done.add(file.path);
  }
}

function cycle(path: string, line: number, round: readonly string[]): Violation {
  const why = "but one of them then runs before what it imports is there";
  return { path, line, what: `imports go round: ${round.join(" -> ")}`, why };
}
