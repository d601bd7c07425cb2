import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PATIENCE_MS = 30_000;
/** Beside what Node.js keeps there: of which code it was compiled last, and by which Node.js. */
const MARKER = "shunt-acceptor";

export interface CompileOptions {
  /** The module of an acceptor's process. */
  readonly main: URL;
  /** Names the directory of compiled code. */
  readonly env: NodeJS.ProcessEnv;
  /** Those that acceptors will have: code compiled under others is not used. */
  readonly flags: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Lets a child that does nothing else compile what of an acceptor's code is not compiled yet. The first acceptors would
 * otherwise carry the compiler with them for as long as they live: 55 MB each, measured on Node 26.
 * What goes wrong here goes wrong again, and is told, when the first acceptor starts.
 */
export async function compile({ main, env, flags, signal }: CompileOptions): Promise<void> {
  const marker = join(env.NODE_COMPILE_CACHE ?? "", MARKER);
  const code = `${codeOf(main)} ${flags.join(" ")}`;
  if (textOf(marker) === code) return;
  const child = spawn(process.execPath, [...flags, fileURLToPath(main), "--compile-only"], {
    env,
    stdio: "ignore",
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
    signal,
  });
  const fate = await new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  if (fate === 0) keep(marker, code);
}

/** Another text where the code is another. Packages of others change with an installation, which touches ours as well. */
function codeOf(main: URL): string {
  const files = [main, new URL(import.meta.resolve("@shunt/core"))].flatMap((module) => {
    const directory = dirname(fileURLToPath(module));
    return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((file) => join(directory, file));
  });
  const changedAt = files.reduce((latest, file) => Math.max(latest, statSync(file).mtimeMs), 0);
  return `${process.version} ${process.arch} ${fileURLToPath(main)} ${files.length} ${changedAt}`;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Without it the next start looks once more. */
function keep(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {}
}
