import { execFileSync } from "node:child_process";
import { basename, join } from "node:path";
import { versionOf } from "./machine.ts";

/** Name and version of the C compiler; undefined where there is none. */
export function compilerVersion(): string | undefined {
  return versionOf("cc", "--version");
}

export const INSTALL_COMPILER = "it is a program in C: Debian: apt-get install gcc libc6-dev";

/** Compiles one file into `dir`; returns the program's path. Throws with what the compiler says. */
export function compileC(source: string, dir: string): string {
  const program = join(dir, basename(source, ".c"));
  execFileSync("cc", ["-O2", "-o", program, source, "-lm"], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 60_000,
  });
  return program;
}
