import { afterAll, describe, expect, test } from "vitest";
import { nameOf, readCorpus } from "./engine/corpus.ts";
import { openTargets } from "./targets/index.ts";

/**
 * Aim: what fuzzing has found once stays found. Method: each kept input, and each input that a target begins with, is fed
 * to its target; those called `regression-` were findings. New ones are sought by `npm run fuzz`.
 */

/** All targets together; so that a clone stays small and this file fast. */
const MOST_FILES = 300;

const targets = await openTargets();
const kept = targets.map(({ name }) => readCorpus(name));

describe.each(targets)("target $name", (target) => {
  const inputs = [
    ...target.seeds.map((text) => Buffer.from(text, "latin1")),
    ...readCorpus(target.name).map(({ octets }) => octets),
  ];

  test(`holds for the inputs that are kept: ${target.claim}`, () => {
    const failed = inputs.flatMap((octets) => {
      try {
        target.run(octets);
        return [];
      } catch (error) {
        return [`${nameOf(octets)}: ${error}`];
      }
    });
    expect(failed).toEqual([]);
  });
});

test("the corpus stays small", () => {
  expect(kept.flat().length).toBeGreaterThan(0);
  expect(kept.flat().length).toBeLessThan(MOST_FILES);
});
