import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/**
 * Aim: what fuzzing has found once stays found. Method: a run of no time feeds each target with the inputs that are kept,
 * and those that it begins with; ones called `regression-` were findings. New ones are sought by `npm run fuzz`. In a
 * process of its own, since the yard takes over the loop, the clock and the sockets of the process that it is in.
 */

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const CORPUS = fileURLToPath(new URL("./corpus", import.meta.url));
/** All targets together; so that a clone stays small and this file fast. */
const MOST_FILES = 300;

test("every target holds for every input that is kept", async () => {
  const run = spawn(process.execPath, [MAIN, "--seconds", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([text(run.stdout), text(run.stderr), once(run, "exit")]);
  expect({ code, end: output.slice(-400), errors }).toMatchObject({ code: 0 });
  for (const target of readdirSync(CORPUS)) expect(output).toContain(`\n${target}: `);
});

test("the corpus stays small", () => {
  const files = readdirSync(CORPUS, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  expect(files.length).toBeGreaterThan(0);
  expect(files.length).toBeLessThan(MOST_FILES);
});
