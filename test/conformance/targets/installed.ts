import { spawnSync } from "node:child_process";

/** Debian keeps servers where the PATH of a plain user does not look. */
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
export const environment = { ...process.env, PATH };

/** What a program says of its version, as far as `pattern` matches it; undefined where it is not installed. */
export function versionOf(program: string, args: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8", env: environment });
  return status === 0 ? pattern.exec(stdout + stderr)?.[0] : undefined;
}
