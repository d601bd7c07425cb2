import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compile } from "./compile.ts";

let directory: string;
/** Where the code is. */
let source: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-compile-"));
  source = join(directory, "source");
  mkdirSync(source);
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Runs it with a module that writes an "x" down and ends so; returns what was written ever. */
async function compiled(exitCode: number, flags: readonly string[] = []): Promise<string> {
  const [file, main] = [join(directory, "runs"), join(source, "main.mjs")];
  writeFileSync(
    main,
    `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(file)}, "x"); process.exit(${exitCode});`,
  );
  utimesSync(main, 0, 0);
  const env = { ...process.env, NODE_COMPILE_CACHE: directory };
  await compile({ main: pathToFileURL(main), env, flags, signal: new AbortController().signal });
  return readFileSync(file, "utf8");
}

test("compile() compiles the same code once", async () => {
  expect([await compiled(0), await compiled(0)]).toEqual(["x", "x"]);
});

test("compile() compiles again what could not be compiled", async () => {
  expect([await compiled(1), await compiled(0), await compiled(0)]).toEqual(["x", "xx", "xx"]);
});

test("compile() compiles again what has changed", async () => {
  await compiled(0);
  writeFileSync(join(source, "more.mjs"), "");
  expect(await compiled(0)).toBe("xx");
});

test("compile() compiles again under other flags, since Node.js keeps code for each", async () => {
  const flags = ["--max-semi-space-size=8"];
  expect([await compiled(0), await compiled(0, flags), await compiled(0, flags)]).toEqual(["x", "xx", "xx"]);
});
