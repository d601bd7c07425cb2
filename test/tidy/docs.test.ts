import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, describe as group, test } from "vitest";
import { ROUTES, type Route } from "../../packages/coordinator/src/api/routes.ts";
import { loadConfig } from "../../packages/coordinator/src/config/load.ts";
import {
  DEFAULT_LIMITS,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  LIMIT_RANGES,
  NO_LENIENCY,
  type Range,
  RETRY_RANGES,
  TIMEOUT_RANGES,
} from "../../packages/core/src/config/defaults.ts";
import { REFUSALS } from "../../packages/core/src/http/refusal.ts";
import { brokenLinks, codeSpans, deadPaths, fencesOf, readPage, readPages, tableRows } from "./pages.ts";

/** What the pages say has to be true of the code. */

const root = join(import.meta.dirname, "../..");
const pages = readPages(root);
const readme = readPage(root, "README.md");
const reference = readPage(root, "docs/configuration.md");
const sources = globSync("packages/*/src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts"))
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");
const directory = mkdtempSync(join(tmpdir(), "shunt-docs-"));

afterAll(() => rmSync(directory, { recursive: true }));

/** What is wrong with a configuration, warnings included. */
async function complaints(text: string): Promise<string[]> {
  const file = join(directory, "shunt.config.ts");
  writeFileSync(file, text);
  const loaded = await loadConfig(file);
  return (loaded.ok ? loaded.warnings : loaded.mistakes).map(({ problem }) => problem);
}

group("the pages", () => {
  test("link to files and headings that exist", () => {
    expect(brokenLinks(root, pages)).toEqual([]);
  });

  test("name files of the repository that exist", () => {
    expect(deadPaths(root, pages)).toEqual([]);
  });

  test("have configurations that shunt check accepts without a warning", async () => {
    const configurations = [readme, reference]
      .flatMap(fencesOf)
      .filter(({ text }) => text.includes("defineConfig("));
    expect(configurations).toHaveLength(2);
    for (const { text } of configurations) expect(await complaints(text)).toEqual([]);
  });

  test("have conditions that shunt check accepts", async () => {
    const conditions =
      fencesOf(reference)
        .find(({ text }) => text.startsWith("{"))
        ?.text.trim()
        .split("\n") ?? [];
    expect(conditions.length).toBeGreaterThan(5);
    for (const when of conditions) expect([when, await complaints(withCondition(when))]).toEqual([when, []]);
  });
});

function withCondition(when: string): string {
  return `export default {
    listeners: { web: { port: 8080 } },
    pools: { a: { servers: { one: { url: "http://127.0.0.1:9001" } } } },
    classes: { a: { pool: "a" } },
    defaultClass: "a",
    identity: { basic: true },
    rules: [{ name: "r", when: ${when}, class: "a" }],
  };`;
}

group("the tables of limits and timeouts", () => {
  const groups = [
    ["timeouts", DEFAULT_TIMEOUTS, TIMEOUT_RANGES],
    ["limits", DEFAULT_LIMITS, LIMIT_RANGES],
    ["retry", DEFAULT_RETRY, RETRY_RANGES],
  ] as const;
  const grouped = (number: number): string => number.toLocaleString("en-US");

  test("of README.md has all defaults as they are", () => {
    const said = tableRows(readme).filter(([option]) => /^`(?:timeouts|limits|retry)\./.test(option ?? ""));
    const defaults = groups.flatMap(([name, values]) =>
      Object.entries<number>({ ...values }).map(([key, value]) => [`\`${name}.${key}\``, grouped(value)]),
    );
    expect(said.map(([option, value]) => [option, value])).toEqual(defaults);
  });

  test("of docs/configuration.md has all defaults and ranges as they are", () => {
    const said = tableRows(reference).filter(([option]) =>
      /^`(?:timeouts|limits|retry)\./.test(option ?? ""),
    );
    const numbers = groups.flatMap(([name, values, ranges]) =>
      Object.entries<Range>(ranges).map(([key, [lowest, highest]]) => {
        const value = { ...values }[key as never] as number;
        return [`\`${name}.${key}\``, grouped(value), `${grouped(lowest)}..${grouped(highest)}`];
      }),
    );
    const first = (cell = ""): string => cell.split(", ")[0] ?? "";
    expect(said.map(([option, value, range]) => [option, first(value), range])).toEqual(numbers);
  });
});

group("docs/wire.md", () => {
  test("has every rule by which a request is refused, with its status", () => {
    const table = tableRows(readPage(root, "docs/wire.md")).filter(([, status]) =>
      /^\d{3}$/.test(status ?? ""),
    );
    const said = table.flatMap(([rules = "", status]) =>
      [...rules.matchAll(/`([^`]+)`/g)].map(([, rule]) => `${rule} ${status}`),
    );
    expect(said.sort()).toEqual(
      REFUSALS.slice(1)
        .map(({ rule, status }) => `${rule} ${status}`)
        .sort(),
    );
  });

  test("and docs/configuration.md have every leniency", () => {
    for (const name of Object.keys(NO_LENIENCY)) {
      expect(readPage(root, "docs/wire.md").text).toContain(`\`${name}\``);
      expect(reference.text).toContain(`| \`leniency.${name}\` |`);
    }
  });
});

group("README.md", () => {
  const everything = [...codeSpans(readme), ...fencesOf(readme).map(({ text }) => text)].join("\n");
  const named = (pattern: RegExp): string[] => [
    ...new Set([...everything.matchAll(pattern)].map(([, name = ""]) => name)),
  ];

  test("says in its first ten lines what Shunt does and the two commands", () => {
    const beginning = readme.text.split("\n").slice(0, 10).join("\n");
    expect(beginning).toMatch(/load balancer.*npm start.*npm test/s);
  });

  test("names the commands that `shunt --help` names, and no others", () => {
    const shunt = join(root, "packages/coordinator/src/cli/shunt.ts");
    const help = execFileSync(process.execPath, [shunt, "--help"], { encoding: "utf8" });
    const commands = [...help.matchAll(/^ {2}shunt ([a-z]+)/gm)].map(([, command = ""]) => command);
    expect(named(/(?:^|npx )shunt ([a-z]+)/gm).sort()).toEqual(commands.sort());
  });

  test("names every field of the access log, and no others", () => {
    const writer = readFileSync(join(root, "packages/worker/src/observe/access-log.ts"), "utf8");
    const written = [...writer.matchAll(/[{,]"([A-Za-z]+)":/g)].map(([, field = ""]) => field);
    const rows = tableRows(readme);
    const start = rows.findIndex(([head]) => head === "field");
    const end = rows.findIndex(([head]) => head?.startsWith("timer"));
    const said = rows.slice(start + 2, end).flatMap(([cell = ""]) => [...cell.matchAll(/`(\w+)`/g)]);
    expect(said.map(([, field]) => field).sort()).toEqual(written.sort());
  });

  test("names the endpoints of the admin API, and no others", () => {
    const offered = Object.values<Route>(ROUTES).map(({ method, path }) => `${method} ${path}`);
    expect(named(/^((?:GET|POST|PUT|PATCH|DELETE) \/\S+)$/gm).sort()).toEqual(offered.sort());
  });

  test("names metrics that exist", () => {
    const metrics = named(/shunt_([a-z_]+)/g);
    expect(metrics.length).toBeGreaterThan(10);
    const isCounted = (name: string): boolean => new RegExp(`\\b${name}(?:"|:)`).test(sources);
    expect(metrics.filter((name) => !isCounted(name))).toEqual([]);
  });
});
