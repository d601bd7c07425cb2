import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { nameOf } from "./corpus.ts";
import { shown } from "./target.ts";

const FOLDER = join(import.meta.dirname, "../findings");
const ROOT = join(import.meta.dirname, "../../..");

/** An input for which something does not hold. */
export interface Finding {
  readonly target: string;
  readonly octets: Buffer;
  readonly error: unknown;
}

/** Writes the octets and what is wrong to `findings/`; returns what is said about it, its last line how to see it again. */
export function writeFinding({ target, octets, error }: Finding): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${target}-${nameOf(octets)}`);
  const again = `npm run fuzz -- --target ${target} --file ${relative(ROOT, file)}`;
  const text = `${wordsOf(error)}\n${octets.length} octets: ${shown(octets)}\n${again}\n`;
  writeFileSync(file, octets);
  writeFileSync(`${file}.txt`, text);
  return text;
}

/** A violation says it all; of other errors one wants to know where they come from. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Violation" ? error.message : (error.stack ?? error.message);
}

/** What tells findings apart: their words without their values. */
export function kindOf(error: unknown): string {
  const [first = ""] = wordsOf(error).split("\n");
  return first
    .replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, "_")
    .replace(/[[{].*/, "")
    .slice(0, 120);
}
