import { parseArgs } from "node:util";

/** What `npm run fuzz` is told. */
export interface FuzzOptions {
  /** For all targets together. */
  readonly seconds: number;
  readonly seed: number;
  /** Undefined: all that run without servers of others. */
  readonly target: string | undefined;
  /** Run this input alone. */
  readonly file: string | undefined;
  /** Keep what was found to be new in test/fuzz/corpus/. */
  readonly keep: boolean;
}

export const USAGE = `npm run fuzz [-- OPTIONS]
  --seconds N    for all targets together (60)
  --target NAME  only this one
  --seed S       the same seed makes the same inputs (chosen by chance, and printed)
  --file FILE    run this input alone; wants --target
  --keep         keep inputs that took new branches in test/fuzz/corpus/`;

/** @throws Error with a sentence that says what is wrong. */
export function readOptions(args: readonly string[], chance: number): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
      target: { type: "string" },
      file: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  if (values.file !== undefined && values.target === undefined)
    throw new Error("--file wants --target: which one should be fed with it?");
  return {
    seconds: numberOf("seconds", values.seconds),
    seed: numberOf("seed", values.seed ?? String(chance)),
    target: values.target,
    file: values.file,
    keep: values.keep,
  };
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < 0)
    throw new Error(`--${option}: expected a number from 0 on, found "${text}"`);
  return number;
}
