import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Path of a file of this repository. */
export function pathOf(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}

export function textOf(file: string): string {
  return readFileSync(pathOf(file), "utf8");
}
