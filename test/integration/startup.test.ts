import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, onePool, RunningShunt, SHUNT, startShunt } from "../support/shunt.ts";

/** What `shunt` refuses before it serves anybody, and what it says about that. */

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "shunt-startup-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

function shunt(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [SHUNT, ...args],
      { env: { ...process.env, SHUNT_TOKEN: "any" } },
      (error, out, err) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
      },
    );
  });
}

/** A product that is refused: its exit code, and all that it says. */
async function refusal(options: ConstructorParameters<typeof RunningShunt>[0]): Promise<[unknown, string]> {
  await using product = new RunningShunt(options, {});
  const fate = await product.exited;
  return [fate, product.errors.trim()];
}

test("a second shunt up on the same port is refused with a sentence that names it, and the first serves on", async () => {
  await using server = await SampleServer.start("s");
  await using first = await startShunt(onePool(server));
  const port = Number(new URL(first.url).port);
  const second = await refusal({ ...onePool(server), listeners: { web: { host: "127.0.0.1", port } } });
  expect(second).toEqual([
    1,
    `Cannot listen on 127.0.0.1:${port} (listener "web"): another program listens there already.`,
  ]);
  using client = await first.connect();
  expect((await client.ask("/x")).text).toBe("s GET /x");
});

test.each([true, false])(
  "a port held by another program, with reusePort %s, is refused with a sentence that names it",
  async (reusePort) => {
    const stranger = createServer().listen({ host: "127.0.0.1", port: 0, reusePort });
    await once(stranger, "listening");
    const { port } = stranger.address() as { port: number };
    try {
      const [fate, sentence] = await refusal({
        ...onePool({ name: "s", url: "http://127.0.0.1:9" }),
        listeners: { web: { host: "127.0.0.1", port } },
      });
      expect(fate).toBe(1);
      expect(sentence).toBe(
        `Cannot listen on 127.0.0.1:${port} (listener "web"): another program listens there already.`,
      );
    } finally {
      stranger.close();
    }
  },
);

const FIVE_MISTAKES = `{
  "listeners": { "web": { "port": 80800 } },
  "pools": {
    "gold": { "servers": { "g1": { "url": "http://127.0.0.1:9001", "wieght": 2 } } },
    "general": { "servers": { "s1": { "url": "ftp://127.0.0.1" } } }
  },
  "classes": { "gold": { "pool": "goold" }, "general": { "pool": "general" } },
  "rules": [
    { "name": "all", "when": {}, "class": "general" },
    { "name": "never", "when": { "path": "/a" }, "class": "gold" }
  ],
  "defaultClass": "general"
}
`;

test("shunt check names five different mistakes, each with its place, and exits 1", async () => {
  const file = write("five.json", FIVE_MISTAKES);
  const { code, out, err } = await shunt("check", file);
  expect([code, out]).toEqual([1, ""]);
  const lines = err.trim().split("\n");
  expect(lines).toEqual([
    expect.stringMatching(`^${placeOf(file, "80800")}: listeners\\.web\\.port: .*80800`),
    expect.stringMatching(`^${placeOf(file, '"wieght"')}: .*wieght.*"weight"`),
    expect.stringMatching(`^${placeOf(file, '"ftp:')}: .*"ftp"`),
    expect.stringMatching(`^${placeOf(file, '"goold"')}: .*"goold".*"gold"`),
    expect.stringMatching(`^${placeOf(file, '{ "name": "never"')}: .*"never".*"all"`),
  ]);
});

/** `FILE:LINE:COLUMN` of what stands once in the file. */
function placeOf(file: string, text: string): string {
  const before = FIVE_MISTAKES.slice(0, FIVE_MISTAKES.indexOf(text)).split("\n");
  return `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test("shunt up with five mistakes says all of them, starts nothing and exits 1", async () => {
  const file = write("five-up.json", FIVE_MISTAKES);
  const { code, out, err } = await shunt("up", "-c", file);
  expect([code, out, err.trim().split("\n").length]).toEqual([1, "", 5]);
});

test("shunt explain says where requests of the running product really go", async () => {
  await using gold = await SampleServer.start("g1");
  await using general = await SampleServer.start("s1");
  await using product = await startShunt(goldAndGeneral([gold], [general]));
  using client = await product.connect();
  for (const fields of [["Cookie: tier=gold"], ["Cookie: tier=silver"]]) {
    const { out } = await shunt(
      "explain",
      "-c",
      product.config,
      "--target",
      "/x",
      "--header",
      fields[0] ?? "",
    );
    const [, winner] = /^winner +(\S+)$/m.exec(out) ?? [];
    const { text } = await client.ask("/x", ...fields);
    expect(winner).toBe(text.startsWith("g1") ? "gold/g1" : "general/s1");
  }
});

test("shunt explain names rule, class, pool, the candidates with their loads, the winner, and why", async () => {
  const file = write(
    "explain.json",
    JSON.stringify({
      listeners: { web: { port: 0 } },
      ...goldAndGeneral(
        [
          { name: "g1", url: "http://127.0.0.1:9001" },
          { name: "g2", url: "http://127.0.0.1:9002" },
        ],
        [{ name: "s1", url: "http://127.0.0.1:9003" }],
      ),
    }),
  );
  const { code, out } = await shunt("explain", "-c", file, "--header", "Cookie: tier=gold", "--seed", "1");
  expect(code).toBe(0);
  for (const line of [
    /^rule +gold cookie$/m,
    /^class +gold$/m,
    /^pool +gold, balanced by least-load$/m,
    /g1: 0 outstanding, weight 1/,
    /g2: 0 outstanding, weight 1/,
    /^winner +gold\/g[12]$/m,
    /^why +\S/m,
  ])
    expect(out).toMatch(line);
});
