import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

/** The version of a library of this repository; with that of `inside`, the package that does much of its work. */
export function libraryVersion(packageName: string, inside: string | undefined): string | undefined {
  const directory = join(root, "node_modules", packageName);
  const own = packageVersion(directory);
  if (own === undefined || inside === undefined) return own;
  return `${own} with ${inside} ${packageVersion(packageDirectory(inside, directory)) ?? "unknown"}`;
}

/** Where `name` is found by the code of the package in `from`, which pnpm keeps elsewhere and links. */
function packageDirectory(name: string, from: string): string {
  const places = createRequire(join(realpathSync(from), "package.json")).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find((place) => existsSync(place)) ?? from;
}

export function packageVersion(directory: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}
