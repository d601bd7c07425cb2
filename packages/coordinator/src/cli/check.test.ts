import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check } from "./check.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shunt-check-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CONFIG = `import { defineConfig } from "shunt/config";
export default defineConfig({
  listeners: { web: { port: 8080 } },
  pools: {
    gold: { servers: { g1: { url: "http://127.0.0.1:9001" }, g2: { url: "http://127.0.0.1:9002" } } },
    general: { servers: { s1: { url: "http://127.0.0.1:9003" } } },
  },
  classes: { gold: { pool: "gold", spill: "general" }, general: { pool: "general" } },
  rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
  defaultClass: "general",
  admin: { token: "hunter2-and-hunter3" },
});
`;

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function run(file: string) {
  const written = { stdout: "", stderr: "" };
  const code = await check(file, {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
  });
  return { code, ...written };
}

describe("check()", () => {
  test("counts what there is, warns without the secret, and gives 0", async () => {
    const file = write("good.ts", CONFIG);
    const { code, stdout, stderr } = await run(file);
    expect(code).toBe(0);
    expect(stdout).toBe(`${file}: ok (2 pools, 3 servers, 1 rule)\n`);
    expect(stderr).toMatch(
      /good\.ts:11:19: admin\.token: warning: a secret stands in the configuration itself/,
    );
    expect(stderr).not.toContain("hunter2-and-hunter3");
  });

  test("gives each mistake a line with its place on stderr, says nothing else, and gives 1", async () => {
    const file = write(
      "bad.ts",
      CONFIG.replace("8080", "80_800").replace('spill: "general"', 'spill: "generall"'),
    );
    expect(await run(file)).toEqual({
      code: 1,
      stdout: "",
      stderr: [
        `${file}:3:29: listeners.web.port: found 80800; expected an integer in 0..65535\n`,
        `${file}:8:43: classes.gold.spill: there is no pool "generall" (did you mean "general"?); expected one of "gold" or "general"\n`,
      ].join(""),
    });
  });

  test("says in a sentence that a file is not there, and gives 1", async () => {
    const file = join(folder, "none.ts");
    expect(await run(file)).toEqual({
      code: 1,
      stdout: "",
      stderr: `${file}: cannot be read: there is no such file\n`,
    });
  });

  test("runs in a plain Node without any word of Node's own", async () => {
    const file = write(
      "plain.ts",
      `import { one } from "./plain-part.ts";\n${CONFIG.replace("8080", "one")}`,
    );
    write("plain-part.ts", "export const one: number = 1;\n");
    const { code, stdout, stderr } = await runInPlainNode(file);
    expect(code).toBe(0);
    expect(stdout).toBe(`${file}: ok (2 pools, 3 servers, 1 rule)\n`);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining("admin.token: warning")]);
  });

  test.each([
    ["const a: number = 1;\nexport default { a: , };\n", "2:21: TypeScript: Expression expected"],
    ["\n enum A { B }\nexport default A;\n", "2:2: TypeScript: TypeScript enum is not supported"],
  ])("finds the place of what is wrong with the types, in a plain Node", async (text, sentence) => {
    const file = write("types.ts", text);
    const { code, stderr } = await runInPlainNode(file);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining(`${file}:${sentence}`)]);
  });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As the command runs it: no loader and no stack is touched by a test runner. */
function runInPlainNode(file: string): Promise<Ran> {
  const module = new URL("./check.ts", import.meta.url).href;
  const script = `const { check } = await import(${JSON.stringify(module)});
    process.exitCode = await check(${JSON.stringify(file)}, process);`;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
