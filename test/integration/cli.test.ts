import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const SHUNT = fileURLToPath(new URL("../../packages/coordinator/src/cli/shunt.ts", import.meta.url));
let directory: string;
let config: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-cli-"));
  config = join(directory, "my.config.json");
  writeFileSync(
    config,
    JSON.stringify({
      listeners: { web: { host: "127.0.0.1", port: 0 } },
      pools: {
        gold: { servers: { g1: { url: "http://127.0.0.1:9001" } } },
        general: { servers: { s1: { url: "http://127.0.0.1:9003" } } },
      },
      classes: { gold: { pool: "gold" }, general: { pool: "general" } },
      rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
      defaultClass: "general",
    }),
  );
});

afterAll(() => rmSync(directory, { recursive: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function shunt(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SHUNT, ...args], (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test.each([
  [
    ["fly"],
    'shunt: there is no "fly". Expected one of up, check, explain, status, top, drain, maintenance, ready, weight, config, coordinator, worker; see `shunt --help`.\n',
  ],
  [["up"], "shunt up: no configuration named. Name the configuration with -c: `shunt up -c FILE`.\n"],
  [
    ["up", "--port=1"],
    "shunt up: Unknown option '--port'. It takes --config (-c), --name; see `shunt up --help`.\n",
  ],
  [["explain", "-c", "x.json", "--header", "nothing"], 'expected "Name: value", found "nothing".\n'],
  [["explain", "-c", "x.json", "--seed", "-1"], "shunt explain:"],
  [["check"], "shunt check: expected one file, found 0: `shunt check FILE`.\n"],
  [
    ["worker"],
    "shunt worker: no Redis named. Name the Redis of the cluster: `shunt worker --state redis://HOST:PORT`.\n",
  ],
  [["worker", "--state", "http://127.0.0.1"], "shunt worker: --state: found no URL of a Redis. Expected "],
  [["worker", "--state", "redis://127.0.0.1:70000"], "shunt worker: --state: found a host that is none. "],
  [["coordinator"], "shunt coordinator: no configuration named."],
])("shunt %j is refused in a sentence with exit 1", async (args, sentence) => {
  const { code, out, err } = await shunt(...args);
  expect([code, out, err.split("\n").length]).toEqual([1, "", 2]);
  expect(err).toContain(sentence);
});

test("shunt --help names the commands and --version the version, with exit 0", async () => {
  const help = await shunt("--help");
  expect([help.code, help.err]).toEqual([0, ""]);
  for (const command of ["up", "check", "explain"]) expect(help.out).toContain(`shunt ${command} `);
  expect(await shunt("--version")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test("shunt up says every mistake of the configuration and starts nothing", async () => {
  const wrong = join(directory, "wrong.json");
  writeFileSync(wrong, '{"listeners":{"web":{"port":"x"}},"colour":1}');
  const { code, out, err } = await shunt("up", "-c", wrong);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/wrong\.json:1:\d+: .*port/);
  expect(err).toMatch(/wrong\.json:1:\d+: .*colour/);
});

test("shunt explain tells rule, class, pool, candidates, winner and why", async () => {
  const gold = await shunt("explain", "-c", config, "--header", "Cookie: tier=gold", "--target", "/a?b");
  expect([gold.code, gold.err]).toEqual([0, ""]);
  expect(gold.out).toContain(
    "rule      gold cookie\nclass     gold\npool      gold, balanced by least-load\n",
  );
  expect(gold.out).toContain("-> g1: 0 outstanding, weight 1");
  expect(gold.out).toContain("winner    gold/g1\nwhy       ");
  const plain = await shunt("explain", "-c", config);
  expect(plain.out).toContain('no match  gold cookie: cookie.tier is absent, expected "gold"\n');
  expect(plain.out).toContain("rule      none matched: the default class\nclass     general\n");
});

test("shunt explain --body takes content from the command line or from a file, and says what cannot be read", async () => {
  const rules = [{ name: "high", when: { body: { "/priority": "high" } }, class: "gold" }];
  const file = join(directory, "body.config.json");
  const content = join(directory, "content.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), rules }));
  writeFileSync(content, '{"priority":"high"}');
  const ask = (body: string) =>
    shunt("explain", "-c", file, "--header", "Content-Type: application/json", "--body", body);
  expect((await ask('{"priority":"high"}')).out).toContain("rule      high\n");
  expect((await ask(`@${content}`)).out).toContain("rule      high\n");
  expect((await ask('{"priority":1}')).out).toContain('high: body./priority is "1", expected "high"\n');
  expect(await ask("@nowhere")).toMatchObject({
    code: 1,
    err: expect.stringContaining('--body: cannot read "nowhere"'),
  });
});

test("shunt explain --json gives the same choice again for the same seed", async () => {
  const args = ["explain", "-c", config, "--seed", "7", "--json"];
  const [first, second] = await Promise.all([shunt(...args), shunt(...args)]);
  expect(JSON.parse(first.out)).toMatchObject({ outcome: "decided", choice: { seed: 7, server: "s1" } });
  expect(first.out).toBe(second.out);
});
