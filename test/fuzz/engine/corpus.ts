import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CORPUS = join(import.meta.dirname, "../corpus");
/** Files of this name are inputs that once were findings: they are never left out. */
const REGRESSION = "regression-";

/** An input that is kept in the repository. */
export interface KeptInput {
  readonly file: string;
  readonly octets: Buffer;
  readonly regression: boolean;
}

/** The inputs kept for a target, in the order of their names. */
export function readCorpus(target: string): KeptInput[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      file: join(folder, name),
      octets: readFileSync(join(folder, name)),
      regression: name.startsWith(REGRESSION),
    }));
}

/** Keeps these inputs for a target, and no others but regressions. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  for (const { file, regression } of readCorpus(target)) if (!regression) rmSync(file);
  for (const octets of inputs) writeFileSync(join(folder, nameOf(octets)), octets);
}

/** A name that depends on the octets alone. */
export function nameOf(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex").slice(0, 12);
}

/** An input and what it takes of the subject. */
export interface Measured {
  readonly octets: Buffer;
  readonly features: readonly number[];
}

/**
 * As few and as short inputs as take everything that all take (set cover, greedily), at most `most` of them: those that
 * add the most come first.
 */
export function smallestCover(inputs: readonly Measured[], most: number): Buffer[] {
  const missing = new Set(inputs.flatMap(({ features }) => features));
  const left = new Set(inputs);
  const chosen: Buffer[] = [];
  while (missing.size > 0 && chosen.length < most) {
    const best = mostUseful(left, missing);
    for (const feature of best.features) missing.delete(feature);
    left.delete(best);
    chosen.push(best.octets);
  }
  return chosen;
}

function mostUseful(left: ReadonlySet<Measured>, missing: ReadonlySet<number>): Measured {
  let best: Measured | undefined;
  let bestGain = -1;
  for (const input of left) {
    let gain = 0;
    for (const feature of input.features) if (missing.has(feature)) gain++;
    const shorter = gain === bestGain && input.octets.length < (best?.octets.length ?? 0);
    if (gain > bestGain || shorter) {
      best = input;
      bestGain = gain;
    }
  }
  return best as Measured;
}
