import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { formatPlaced } from "./places.ts";

/** Far away from the workspace: nothing beside the files resolves `shunt/config`. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shunt-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A token as it is kept. */
function hashed(token: string) {
  return { name: "admin", role: "admin", sha256: createHash("sha256").update(token).digest("hex") };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function loaded(file: string): Promise<LoadedConfig & { ok: true }> {
  const result = await loadConfig(file, {});
  if (!result.ok) throw new Error(result.mistakes.map(formatPlaced).join("\n"));
  return result;
}

/** The lines that a user sees, without the folder. */
async function mistakes(file: string): Promise<string[]> {
  const result = await loadConfig(file, {});
  return result.ok ? [] : result.mistakes.map((each) => formatPlaced(each).replaceAll(`${folder}/`, ""));
}

const SMALL = {
  listeners: { web: { port: 8080 } },
  pools: { general: { servers: { s1: { url: "http://127.0.0.1:9001" } } } },
  classes: { general: { pool: "general" } },
  defaultClass: "general",
};

describe("loadConfig() on a file with five different mistakes names all five with their places", () => {
  // A wrong type, an unknown key, a dangling name, an address in two pools, a rule that is never reached.
  const SENTENCES = [
    'listeners.web.port: found "80"; expected an integer in 0..65535',
    'pools.gold.balanse: unknown key (did you mean "balance"?); expected one of "servers", "balance", "hashOn", "share", "proxyProtocol", "sharedLoad", "announcedLoad", "limit" or "health"',
    'pools.general.servers.s1.url: the address "127.0.0.1:9001" stands at pools.gold.servers.g1 already; expected an address in one pool only, and once',
    'classes.gold.spill: there is no pool "genral" (did you mean "general"?); expected one of "gold" or "general"',
    'rules[1]: the rule "gold path" is never reached: rules[0] ("gold") matches all that it matches; expected it before that rule, or a narrower one there',
  ];

  function expected(file: string, places: readonly string[]): string[] {
    return SENTENCES.map((sentence, index) => `${file}:${places[index]}: ${sentence}`);
  }

  test("in TypeScript", async () => {
    const file = write(
      "five.ts",
      `import { defineConfig, type ShuntOptions } from "shunt/config";

const gold: object = { servers: { g1: { url: "http://127.0.0.1:9001" } }, balanse: "p2c" };

export default defineConfig({
  listeners: { web: { port: "80" as unknown as number } },
  pools: {
    gold,
    general: { servers: { s1: { url: \`http://127.0.0.1:9001\` } } },
  },
  classes: { gold: { pool: "gold", spill: "genral" } },
  rules: [
    { name: "gold", when: { cookie: { tier: "gold" } }, class: "gold" },
    { name: "gold path", when: { cookie: { tier: "gold" }, path: "/" }, class: "gold" },
  ],
  defaultClass: "gold",
} as ShuntOptions);
`,
    );
    const places = ["6:29", "3:75", "9:38", "11:43", "14:5"];
    expect((await mistakes(file)).toSorted()).toEqual(expected("five.ts", places).toSorted());
  });

  test("in JSON", async () => {
    const file = write(
      "five.json",
      `{
  "listeners": { "web": { "port": "80" } },
  "pools": {
    "gold": { "servers": { "g1": { "url": "http://127.0.0.1:9001" } }, "balanse": "p2c" },
    "general": { "servers": { "s1": { "url": "http://127.0.0.1:9001" } } }
  },
  "classes": { "gold": { "pool": "gold", "spill": "genral" } },
  "rules": [
    { "name": "gold", "when": { "cookie": { "tier": "gold" } }, "class": "gold" },
    { "name": "gold path", "when": { "cookie": { "tier": "gold" }, "path": "/" }, "class": "gold" }
  ],
  "defaultClass": "gold"
}
`,
    );
    expect(await mistakes(file)).toEqual(expected("five.json", ["2:35", "4:72", "5:46", "7:51", "10:5"]));
  });

  test("in YAML", async () => {
    const file = write(
      "five.yaml",
      `listeners:
  web: { port: "80" }
pools:
  gold:
    balanse: p2c
    servers:
      g1: { url: http://127.0.0.1:9001 }
  general:
    servers:
      s1:
        url: http://127.0.0.1:9001
classes:
  gold: { pool: gold, spill: genral }
rules:
  - { name: gold, when: { cookie: { tier: gold } }, class: gold }
  - name: gold path
    when: { cookie: { tier: gold }, path: / }
    class: gold
defaultClass: gold
`,
    );
    expect(await mistakes(file)).toEqual(expected("five.yaml", ["2:16", "5:5", "11:14", "13:30", "16:5"]));
  });
});

describe("loadConfig() on TypeScript and JavaScript", () => {
  test("gives the configuration, the text and the hash of its bytes", async () => {
    const text = `\uFEFFimport { defineConfig } from "shunt/config";\nexport default defineConfig(${JSON.stringify(SMALL)});\n`;
    const file = write("good.ts", text);
    const { config, warnings, hash, text: read } = await loaded(file);
    expect(config.pools[0]?.servers[0]?.port).toBe(9001);
    expect(config.state.path).toBe(`${file}.state`);
    expect(warnings).toEqual([]);
    expect(hash).toBe(createHash("sha256").update(text).digest("hex"));
    expect(read).toBe(text.slice(1));
  });

  test.each(["js", "mjs", "mts"])("reads .%s, with a default export that nobody defined", async (kind) => {
    const { config } = await loaded(write(`plain.${kind}`, `export default ${JSON.stringify(SMALL)};`));
    expect(config.listeners[0]?.port).toBe(8080);
  });

  test("lets a configuration wait, import files of its own, and Node's modules", async () => {
    mkdirSync(join(folder, "parts"));
    write("parts/port.ts", "const port: number = 4711;\nexport default port;\n");
    const file = write(
      "parts.ts",
      `import { basename } from "node:path";
import port from "./parts/port.ts";
await Promise.resolve();
const pool: string = basename("/x/general");
export default { ...${JSON.stringify(SMALL)}, listeners: { web: { port } }, classes: { general: { pool } } };
`,
    );
    expect((await loaded(file)).config.listeners[0]?.port).toBe(4711);
  });

  test("sees a change of the file, and of a file that it imports", async () => {
    const file = write(
      "changing.ts",
      `import { port } from "./changing-port.ts";\nexport default { ...${JSON.stringify(SMALL)}, listeners: { web: { port } } };\n`,
    );
    const ports: (number | undefined)[] = [];
    for (const port of [1, 2]) {
      write("changing-port.ts", `export const port: number = ${port};\n`);
      ports.push((await loaded(file)).config.listeners[0]?.port);
    }
    write(
      "changing.ts",
      `export default { ...${JSON.stringify(SMALL)}, listeners: { web: { port: 3 } } };\n`,
    );
    ports.push((await loaded(file)).config.listeners[0]?.port);
    expect(ports).toEqual([1, 2, 3]);
  });

  test("gives computed values the place of the call of defineConfig, and their key path", async () => {
    const file = write(
      "computed.ts",
      `import { defineConfig as define } from "shunt/config";
const servers = Object.fromEntries([1, 2].map((n) => [\`s\${n}\`, { url: \`http://127.0.0.1:900\${n}/x\` }]));
const base = { listeners: { web: { port: 80 * 1000 } } };

const config = define({
  ...base,
  pools: { general: { servers } },
  classes: { general: { pool: "general" } },
  defaultClass: "genral",
});
export default config;
`,
    );
    expect(await mistakes(file)).toEqual([
      "computed.ts:5:16: pools.general.servers.s1.url: the address has a path, a query or a fragment; expected http://HOST or http://HOST:PORT",
      "computed.ts:5:16: pools.general.servers.s2.url: the address has a path, a query or a fragment; expected http://HOST or http://HOST:PORT",
      "computed.ts:5:16: listeners.web.port: found 80000; expected an integer in 0..65535",
      'computed.ts:9:17: defaultClass: there is no class "genral" (did you mean "general"?); expected "general"',
    ]);
  });

  test("gives a key that is missing the place of the object that misses it", async () => {
    const file = write("missing.mjs", 'export default {\n  listeners: { web: { host: "::1" } },\n};\n');
    expect(await mistakes(file)).toEqual([
      expect.stringContaining("missing.mjs:1:16: pools: is missing"),
      expect.stringContaining("missing.mjs:1:16: classes: is missing"),
      expect.stringContaining("missing.mjs:1:16: defaultClass: is missing"),
      expect.stringContaining("missing.mjs:2:21: listeners.web.port: is missing"),
    ]);
  });

  const REFUSED: readonly [string, string, string, string][] = [
    [
      "throws",
      "throws.ts",
      'const n: number = 1;\n\n  throw new Error("no " + n);\n',
      "throws.ts:3:9: running the file failed: no 1",
    ],
    ["throws no error", "throws.mjs", "throw 3;\n", "throws.mjs:1:1: running the file failed: 3"],
    [
      "exports nothing by default",
      "named.ts",
      "export const config: object = {};\n",
      "named.ts:1:1: the file has no default export; expected export default defineConfig({ ... })",
    ],
    [
      "exports a function",
      "function.mjs",
      "export default () => 1;\n",
      "function.mjs:1:16: found a function; expected an object of options",
    ],
    [
      "is not TypeScript",
      "syntax.ts",
      "const a: number = 1;\nexport default { a: , };\n",
      ": TypeScript: Expression expected",
    ],
    [
      "is not JavaScript",
      "syntax.mjs",
      "export default {\n  a: ,\n};\n",
      "syntax.mjs:2:6: JavaScript: Unexpected token",
    ],
    [
      "has TypeScript that cannot be stripped",
      "enum.ts",
      "\n enum A { B }\nexport default A;\n",
      ": TypeScript: TypeScript enum is not supported in strip-only mode",
    ],
    [
      "imports what is not there",
      "imports.ts",
      'import a from "./none.ts";\nexport default a;\n',
      "imports.ts:1:1: running the file failed: Cannot find module",
    ],
  ];
  // Where types go wrong is asserted in check.test.ts: vitest rewrites the stacks that tell it.
  test.each(REFUSED)("refuses a file that %s", async (_, name, text, sentence) => {
    expect(await mistakes(write(name, text))).toEqual([expect.stringContaining(sentence)]);
  });
});

describe("loadConfig() on JSON", () => {
  test("gives the configuration", async () => {
    expect((await loaded(write("good.json", JSON.stringify(SMALL)))).config.defaultClass).toBe(0);
  });

  const REFUSED: readonly [string, string, string][] = [
    ["nothing", "", "1:1: JSON: found the end of the file; expected a value"],
    [
      "a comment",
      '{\n  // ports\n  "a": 1 }',
      "2:3: JSON: found a comment, which JSON has not; expected a key in double quotes",
    ],
    [
      "a comma at the end",
      '{\n  "a": [1, 2,]\n}',
      '2:14: JSON: found "]" after a comma; expected another member after the comma',
    ],
    ["a comma that is missing", '{\n  "a": 1\n  "b": 2\n}', "3:3: JSON: found a text that does not end"],
    ["single quotes", "{ 'a': 1 }", "1:3: JSON: found \"'a'\"; expected a key in double quotes"],
    ["a key without quotes", "{ web: 1 }", '1:3: JSON: found "web"; expected a key in double quotes'],
    ["a number with a leading zero", '{ "a": 08 }', '1:9: JSON: found "8"; expected "," or "}"'],
    ["a text over two lines", '{ "a": "x\ny" }', "1:8: JSON: found a text that does not end on its line"],
    ["a second value", "{}\n{}", '2:1: JSON: found "{"; expected the end of the file after the first value'],
    ["an end that is missing", '{ "a": [1', '1:10: JSON: found the end of the file; expected "," or "]"'],
    ["endless nesting", "[".repeat(100_000), "1:101: JSON: nested too deeply; expected at most 100 levels"],
    ["no object", "[1]", "1:1: found a list; expected an object of options"],
  ];
  test.each(REFUSED)("refuses %s", async (what, text, sentence) => {
    const name = `${what.replaceAll(" ", "-")}.json`;
    expect(await mistakes(write(name, text))).toEqual([expect.stringContaining(`${name}:${sentence}`)]);
  });

  test("refuses keys that stand twice, each at its second place", async () => {
    const file = write("twice.json", '{ "a": 1,\n  "b": { "c": 1, "\\u0063": 2 },\n  "a": 2 }');
    expect(await mistakes(file)).toEqual([
      'twice.json:2:18: the key "c" stands in this object twice; expected each key once',
      'twice.json:3:3: the key "a" stands in this object twice; expected each key once',
    ]);
  });
});

describe("loadConfig() on YAML", () => {
  test.each(["yaml", "yml"])("gives the configuration of a .%s file, aliases included", async (kind) => {
    const text = `listeners: { web: &web { port: 8080 }, other: { <<: 1 } }\n`;
    expect(await mistakes(write(`alias.${kind}`, text))).toContainEqual(
      expect.stringContaining('listeners.other["<<"]: unknown key'),
    );
    const good = `x: &name general
listeners: { web: { port: 8080 } }
pools: { general: { servers: { s1: { url: "http://127.0.0.1:9001" } } } }
classes: { general: { pool: *name } }
defaultClass: *name
`;
    expect(await mistakes(write(`good.${kind}`, good))).toEqual([
      expect.stringContaining("1:1: x: unknown key"),
    ]);
    const named = good.replace("x: &name general\n", "").replace("pool: *name", "pool: &name general");
    expect((await loaded(write(`good.${kind}`, named))).config.classes).toEqual([
      { name: "general", pool: 0, spill: -1, bodyBytes: Number.MAX_SAFE_INTEGER },
    ]);
  });

  test("refuses keys that stand twice", async () => {
    const file = write("twice.yaml", "listeners:\n  web: { port: 1 }\n  web: { port: 2 }\n");
    expect(await mistakes(file)).toEqual([
      'twice.yaml:3:3: the key "web" stands in this map twice; expected each key once',
    ]);
  });

  test("refuses broken syntax at its place", async () => {
    expect(await mistakes(write("tab.yaml", "listeners:\n\tweb: 1\n"))).toContainEqual(
      expect.stringMatching(/^tab\.yaml:2:1: YAML: /),
    );
  });

  test("refuses a second document", async () => {
    expect(await mistakes(write("two.yaml", "a: 1\n---\nb: 1\n"))).toEqual([
      expect.stringMatching(/^two\.yaml:2:1: YAML: .*documents/),
    ]);
  });

  test("refuses aliases that multiply", async () => {
    const lists = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`);
    const file = write("bomb.yaml", `a0: &a0 [x]\n${lists.join("\n")}\n`);
    expect(await mistakes(file)).toEqual([expect.stringContaining("YAML: Excessive alias count")]);
  });

  test("places an alias that contains itself", async () => {
    expect(await mistakes(write("circle.yaml", "rules: &a [*a]\n"))).not.toEqual([]);
  });

  test("gives a key without value the place where the value would stand", async () => {
    const file = write("null.yaml", "listeners:\n  web:\n    port:\n");
    expect(await mistakes(file)).toContainEqual(
      "null.yaml:3:10: listeners.web.port: found null; expected an integer in 0..65535",
    );
  });
});

describe("loadConfig() on files that it cannot read", () => {
  test("says that there is none, in a sentence", async () => {
    expect(await mistakes(join(folder, "none.yaml"))).toEqual([
      "none.yaml: cannot be read: there is no such file",
    ]);
  });

  test("says that it is a directory", async () => {
    mkdirSync(join(folder, "folder.json"));
    expect(await mistakes(join(folder, "folder.json"))).toEqual([
      "folder.json: cannot be read: it is a directory",
    ]);
  });

  test("names the kinds of files that it reads", async () => {
    expect(await mistakes(write("shunt.toml", ""))).toEqual([
      "shunt.toml: cannot tell what kind of file this is; expected one of .ts, .mts, .js, .mjs, .json, .yaml, .yml",
    ]);
  });
});

describe("loadConfig() on what is outside of the file", () => {
  test("reads secrets from the environment, and from files beside the configuration", async () => {
    write("token.txt", "from-a-file\n");
    const fromFile = write(
      "file.json",
      JSON.stringify({ ...SMALL, admin: { token: { file: "token.txt" } } }),
    );
    expect((await loaded(fromFile)).config.admin.tokens).toEqual([hashed("from-a-file")]);
    const fromEnv = write("env.json", JSON.stringify({ ...SMALL, admin: { token: { env: "TOKEN" } } }));
    const result = await loadConfig(fromEnv, { TOKEN: "from-the-environment" });
    expect(result.ok && result.config.admin.tokens).toEqual([hashed("from-the-environment")]);
  });

  test("takes paths relative to the configuration", async () => {
    const file = write(
      "paths.json",
      JSON.stringify({ ...SMALL, state: { path: "s" }, log: { access: "logs/a.log" } }),
    );
    const { config } = await loaded(file);
    expect(config.state.path).toBe(join(folder, "s"));
    expect(config.log.access).toBe(join(folder, "logs/a.log"));
  });

  test("places a warning", async () => {
    const { warnings } = await loaded(
      write("warn.yaml", `${JSON.stringify(SMALL).slice(0, -1)},\n  admin: { token: abcdefghijklmnop } }`),
    );
    expect(warnings.map(formatPlaced)).toEqual([
      expect.stringMatching(/warn\.yaml:2:19: admin\.token: a secret/),
    ]);
  });
});
