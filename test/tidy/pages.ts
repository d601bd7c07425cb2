import { existsSync, globSync, readFileSync } from "node:fs";
import { join, matchesGlob, posix } from "node:path";

/** A page of documentation. `path` is relative to the repository, with forward slashes. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A block between fences, and the word behind its first fence. */
export interface Fence {
  readonly language: string;
  readonly text: string;
}

export function readPages(root: string): Page[] {
  const paths = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root })];
  return paths.map((path) => readPage(root, path.replaceAll("\\", "/")));
}

export function readPage(root: string, path: string): Page {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

const FENCE = /^```(\w*)\n(.*?)^```$/gms;

export function fencesOf({ text }: Page): Fence[] {
  return [...text.matchAll(FENCE)].map(([, language = "", block = ""]) => ({ language, text: block }));
}

/** What stands in backticks outside of fences. */
export function codeSpans({ text }: Page): string[] {
  const prose = text.replace(FENCE, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

/** The cells of every row of every table, without the backticks around a cell's one word. */
export function tableRows({ text }: Page): string[][] {
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  return rows.map((row) =>
    row
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

/** Relative links whose file is not there, or whose heading is not in it. */
export function brokenLinks(root: string, pages: readonly Page[]): string[] {
  return pages.flatMap((page) => {
    const links = [...page.text.replace(FENCE, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const relative = links.filter((link) => !/^[a-z]+:/.test(link));
    return relative
      .filter((link) => !leadsSomewhere(root, page, link))
      .map((link) => `${page.path}: ${link}`);
  });
}

function leadsSomewhere(root: string, page: Page, link: string): boolean {
  const [file = "", heading] = link.split("#");
  const path = file === "" ? page.path : posix.join(posix.dirname(page.path), file);
  if (!existsSync(join(root, path))) return false;
  return heading === undefined || headingsOf(readPage(root, path)).includes(heading);
}

/** As they are linked to: in lower case, without punctuation, with hyphens. */
function headingsOf({ text }: Page): string[] {
  const headings = [...text.replace(FENCE, "").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replace(/\s/g, "-"),
  );
}

const FOLDERS = /^(?:packages|test|docs|infra|\.ci)\//;
const SOURCE = /^[\w.@*/-]+\.(?:ts|mjs|sh|md)$/;
/** Names of what a reader has or will have, and not the repository. */
const READERS_OWN = ["shunt.config.ts"];

/** Paths in backticks that name no file of the repository; a path may be the end of a longer one. */
export function deadPaths(root: string, pages: readonly Page[]): string[] {
  const files = globSync(["*", "{packages/*/src,test,docs,infra}/**/*"], { cwd: root });
  const isThere = (span: string): boolean => {
    if (FOLDERS.test(span)) return globSync(span, { cwd: root }).length > 0;
    if (!SOURCE.test(span) || READERS_OWN.includes(span)) return true;
    return files.some((file) => matchesGlob(file, `**/${span}`));
  };
  return pages.flatMap((page) =>
    codeSpans(page)
      .filter((span) => !isThere(span))
      .map((span) => `${page.path}: ${span}`),
  );
}
