import { join } from "node:path";
import { expect, describe as group, test } from "vitest";
import { describe, findViolations } from "./import-rules.ts";
import { parseSource, readPackages, type SourceFile } from "./source.ts";

const root = join(import.meta.dirname, "../..");

/** What the rules say about a made-up tree of files, one sentence each. */
function judge(tree: Record<string, string>): string[] {
  return findViolations(files(tree)).map(describe);
}

function files(tree: Record<string, string>): SourceFile[] {
  return Object.entries(tree).map(([path, text]) => parseSource(`packages/${path}`, text));
}

group("the packages", () => {
  const sources = readPackages(root);

  test("are all read", () => {
    const packages = new Set(sources.map((file) => file.package));
    expect([...packages].sort()).toEqual(["coordinator", "core", "worker"]);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(0);
  });

  test("import in one direction, keep core pure, have no cycles, and index by name", () => {
    const violations = findViolations(sources).map(describe);
    expect(violations, `\n${violations.join("\n")}\n`).toEqual([]);
  });
});

group("findViolations() on direction", () => {
  test("lets worker and coordinator import core", () => {
    const text = 'import { a } from "@shunt/core";\nimport { b } from "@shunt/core/config";\n';
    expect(judge({ "worker/src/a.ts": text, "coordinator/src/a.ts": text })).toEqual([]);
  });

  test.each([
    ["core", "@shunt/worker"],
    ["core", "@shunt/coordinator"],
    ["worker", "@shunt/coordinator"],
    ["coordinator", "@shunt/worker"],
    ["coordinator", "@shunt/worker/main"],
  ])("refuses that %s imports %s, in every form", (from, to) => {
    const violation = (line: number): string =>
      `packages/${from}/src/a.ts:${line}: ${from} imports "${to}", but dependencies point one way: worker -> core <- coordinator`;
    const text = `import { a } from "${to}";
import type { B } from "${to}";
import "${to}";
export * from "${to}";
const c = await import("${to}");
import {
  d,
} from "${to}";
type E = import("${to}").E;
`;
    expect(judge({ [`${from}/src/a.ts`]: text })).toEqual([1, 2, 3, 4, 5, 6, 9].map(violation));
  });

  test("refuses a relative path into another package, and out of the packages", () => {
    expect(
      judge({
        "worker/src/a/b.ts":
          'import { c } from "../../../core/src/c.ts";\nimport d from "../../../../test/d.ts";\n',
      }),
    ).toEqual([
      'packages/worker/src/a/b.ts:1: worker imports "../../../core/src/c.ts", but that is a file of core; packages meet by their names',
      'packages/worker/src/a/b.ts:2: worker imports "../../../../test/d.ts", but that is a file of the repository outside packages/; packages meet by their names',
    ]);
  });

  test("refuses that a package imports itself by name", () => {
    expect(judge({ "core/src/a.ts": 'import { b } from "@shunt/core";\n' })).toEqual([
      'packages/core/src/a.ts:1: core imports "@shunt/core", but inside a package the file that is meant is imported, not the package\'s index',
    ]);
  });

  test("lets coordinator resolve the worker's main, and nothing else of it", () => {
    const text = `const main = import.meta.resolve("@shunt/worker/main");
const index = import.meta.resolve("@shunt/worker");
const bare = "@shunt/worker/main";
const path = new URL("../../worker/src/main.ts", import.meta.url);
const ours = new URL("../../coordinator/src/main.ts", import.meta.url);
`;
    const lines = judge({ "coordinator/src/a.ts": text }).map((sentence) => sentence.split(":")[1]);
    expect(lines).toEqual(["2", "3", "4"]);
    expect(judge({ "worker/src/a.ts": 'import.meta.resolve("@shunt/worker/main");\n' })).toEqual([]);
    expect(judge({ "core/src/a.ts": 'import.meta.resolve("@shunt/worker/main");\n' })).toHaveLength(1);
  });
});

group("findViolations() on core", () => {
  test.each([
    "node:net",
    "node:http",
    "node:fs",
    "node:fs/promises",
    "node:child_process",
    "node:worker_threads",
    "node:dgram",
    "node:tls",
    "node:cluster",
    "net",
    "undici",
    "undici/index.js",
  ])("refuses %s in core, its types included, and not elsewhere", (module) => {
    const text = `import type { A } from "${module}";\n`;
    expect(judge({ "core/src/a.ts": text })).toEqual([
      `packages/core/src/a.ts:1: core imports "${module}", but core opens no socket and no file, starts nothing and reads no environment`,
    ]);
    expect(judge({ "worker/src/a.ts": text, "coordinator/src/a.ts": text })).toEqual([]);
  });

  test("lets core import pure modules, and the parser out of undici", () => {
    const text =
      'import { a } from "node:crypto";\nimport { b } from "networks";\nimport wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";\n';
    expect(judge({ "core/src/a.ts": text })).toEqual([]);
  });

  test.each([
    ["process.env", "environment"],
    ["Date.now", "clock"],
    ["new Date()", "clock"],
    ["performance.now", "clock"],
    ["Math.random", "dice"],
  ])("refuses %s in core's code, and in a template, with its line", (use, word) => {
    const sentences = judge({
      "core/src/a.ts": `const a = 1;\nconst b = ${use};\nconst c = \`\${${use}}\`;\n`,
    });
    expect(sentences.map((sentence) => sentence.split(":")[1])).toEqual(["2", "3"]);
    for (const sentence of sentences) expect(sentence).toContain(word);
    expect(judge({ "worker/src/a.ts": `const b = ${use};\n` })).toEqual([]);
  });

  test("lets tests and benches of core ask the clock and read files", () => {
    const text = 'import { readFileSync } from "node:fs";\nconst a = Date.now() + Math.random();\n';
    expect(judge({ "core/src/a.test.ts": text, "core/src/a.bench.ts": text })).toEqual([]);
  });

  test("reads neither comments nor strings as code", () => {
    const text = `// import { a } from "node:net";
/*
import { b } from "node:net";
*/
/** Not Date.now(), and "no quote. */
const url = "http://example"; // Math.random()
const text = "Date.now is not called here, nor is process.env";
const slashes = /[/*"]/;
const divided = 4 / 2 / 1;
`;
    expect(judge({ "core/src/a.ts": text })).toEqual([]);
  });

  test("goes on reading after a regular expression that holds the sign of a comment", () => {
    const text = 'const slashes = /[/*]/;\nconst quote = /["`]/;\nconst now = Date.now();\n/** The end. */\n';
    expect(judge({ "core/src/a.ts": text })).toHaveLength(1);
  });

  test("counts the lines of a comment that it skips", () => {
    const text = "/**\n * Two\n * more.\n */\nconst now = Date.now();\n";
    expect(judge({ "core/src/a.ts": text })[0]).toMatch(
      /^packages\/core\/src\/a\.ts:5: core uses Date\.now,/,
    );
  });
});

group("findViolations() on cycles", () => {
  test("names the whole round and the import that closes it", () => {
    expect(
      judge({
        "core/src/a.ts": 'import { b } from "./x/b.ts";\n',
        "core/src/x/b.ts": '\nimport { c } from "./c.ts";\n',
        "core/src/x/c.ts": 'import { d } from "../d.ts";\nimport { a } from "../a.ts";\n',
        "core/src/d.ts": "export const d = 1;\n",
      }),
    ).toEqual([
      "packages/core/src/x/c.ts:2: imports go round: packages/core/src/a.ts -> packages/core/src/x/b.ts -> packages/core/src/x/c.ts -> packages/core/src/a.ts, but one of them then runs before what it imports is there",
    ]);
  });

  test("leaves the way to a round out of its name", () => {
    const [sentence] = judge({
      "core/src/a.ts": 'import { b } from "./b.ts";\n',
      "core/src/b.ts": 'import { c } from "./c.ts";\n',
      "core/src/c.ts": 'import { b } from "./b.ts";\n',
    });
    expect(sentence).toContain(
      "go round: packages/core/src/b.ts -> packages/core/src/c.ts -> packages/core/src/b.ts,",
    );
  });

  test("finds a file that imports itself, and a round by re-export", () => {
    expect(judge({ "core/src/a.ts": 'import { a } from "./a.ts";\n' })).toHaveLength(1);
    expect(
      judge({ "core/src/a.ts": 'export { b } from "./b.ts";\n', "core/src/b.ts": 'import "./a.ts";\n' }),
    ).toHaveLength(1);
  });

  test("lets two files meet by two ways, and types go round", () => {
    expect(
      judge({
        "core/src/a.ts": 'import { b } from "./b.ts";\nimport { c } from "./c.ts";\n',
        "core/src/b.ts": 'import { c } from "./c.ts";\nimport type { A } from "./a.ts";\n',
        "core/src/c.ts": 'export type { A } from "./a.ts";\n',
      }),
    ).toEqual([]);
  });

  test("counts an import of a value named type, and one of types in braces, which stays when the program runs", () => {
    const round = (clause: string): number =>
      judge({
        "core/src/a.ts": `import ${clause} from "./b.ts";\n`,
        "core/src/b.ts": 'import { a } from "./a.ts";\n',
      }).length;
    expect([round("type"), round("{ type B }"), round("type B"), round("type { B }")]).toEqual([1, 1, 0, 0]);
  });
});

group("findViolations() on index.ts", () => {
  test("lets an index re-export by name, over several lines and with comments", () => {
    const text = `/** The package. */
export { a, b as c } from "./a.ts";
export type { D } from "./d.ts";
export {
  type E,
  f,
} from "./e.ts";
`;
    expect(judge({ "core/src/index.ts": text, "core/src/config/index.ts": "export {};\n" })).toEqual([]);
  });

  test.each([
    'export * from "./a.ts";',
    'export type * from "./a.ts";',
    'export * as a from "./a.ts";',
    "export const a = 1;",
    'import "./a.ts";',
    'import { a } from "./a.ts";\nexport { a };',
    "export { a };",
    "start();",
  ])("refuses %j in an index", (statement) => {
    const text = `export { ok } from "./ok.ts";\n${statement}\n`;
    expect(judge({ "core/src/index.ts": text })).toEqual([
      `packages/core/src/index.ts:2: index.ts says ${JSON.stringify(statement.split("\n")[0])}, but an index re-exports by name and does nothing else`,
    ]);
    expect(judge({ "core/src/other.ts": text }).filter((s) => s.includes("index"))).toEqual([]);
  });
});
