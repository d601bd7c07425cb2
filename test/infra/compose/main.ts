/**
 * `npm run compose`: makes the image, starts the cluster of infra/compose, and sees it serve, drain and be healthy. No test,
 * as it takes a Docker engine, compose and a minute.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { eventually } from "../../support/eventually.ts";
import { pathOf } from "../files.ts";

const USAGE = `npm run compose [-- --base IMAGE]
  --base  what infra/images/build.sh makes the image on; "local": what infra/images/base.sh makes of this machine
SHUNT_REDIS_IMAGE names another image of Redis.`;
const PROJECT = "shunt-compose-check";
const IMAGE = "shunt:compose-check";
const LOCAL_BASE = "shunt/base:local";
const TOKEN = "a-token-for-the-check-of-compose";
const WORKERS = [8081, 8082, 8083];
const COORDINATORS = [7071, 7072];
/** Ten containers start at once, and nothing is compiled yet. */
const START_MS = 180_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { base: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length > 0) {
    console.error(USAGE);
    return 1;
  }
  const startedAt = performance.now();
  const say = (what: string): void =>
    console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${what}`);
  makeImage(values.base);
  say("the image is made");
  try {
    compose("up", "-d");
    say("the containers are started");
    await serves();
    say("every worker serves by the configuration that a coordinator has brought");
    await drains();
    say("a server that is drained at the second coordinator gets nothing from any worker");
    say(`${await healthy()} containers are healthy, and all run as nobody`);
    return 0;
  } catch (error) {
    console.error(error);
    console.error(compose("logs", "--no-color", "--tail", "20"));
    return 1;
  } finally {
    compose("down", "--volumes", "--timeout", "5");
    say("it is taken down");
  }
}

function makeImage(base: string | undefined): void {
  const run = (script: string, ...args: string[]) =>
    execFileSync("sh", [pathOf(`infra/images/${script}`), ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  if (base === "local") run("base.sh", LOCAL_BASE);
  if (base === undefined) run("build.sh", IMAGE);
  else run("build.sh", IMAGE, base === "local" ? LOCAL_BASE : base);
}

/** By the plugin of Docker, or the program that was before it. */
function compose(...args: string[]): string {
  const isPlugin = spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status === 0;
  const [command, before] = isPlugin ? ["docker", ["compose"]] : ["docker-compose", []];
  const file = pathOf("infra/compose/compose.yaml");
  return execFileSync(command as string, [...before, "-p", PROJECT, "-f", file, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SHUNT_IMAGE: IMAGE, SHUNT_TOKEN: TOKEN },
  });
}

async function serves(): Promise<void> {
  for (const port of WORKERS) {
    await eventually(
      () => ask(port),
      (text) => /^s[12] answers GET \//.test(text),
      START_MS,
    );
  }
}

async function drains(): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${COORDINATORS[1]}/v1/pools/general/servers/s2`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ state: "drain" }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`the drain is refused: ${answer.status} ${await answer.text()}`);
  for (const port of WORKERS) {
    await eventually(
      () => Promise.all(Array.from({ length: 8 }, () => ask(port))),
      (answers) => answers.every((text) => text.startsWith("s1 ")),
    );
  }
}

/** Returns how many are. */
async function healthy(): Promise<number> {
  const ids = compose("ps", "-q").trim().split("\n");
  const states = await eventually(
    () => ids.map(inspect),
    (each) => each.every(({ health, user }) => /^(healthy|none)$/.test(health) && /^[1-9]/.test(user)),
    START_MS,
  );
  const count = states.filter(({ health }) => health === "healthy").length;
  if (count !== WORKERS.length + COORDINATORS.length) throw new Error(`${count} containers are healthy`);
  return count;
}

async function ask(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) });
  return answer.ok ? await answer.text() : `status ${answer.status}`;
}

function inspect(id: string): { readonly health: string; readonly user: string } {
  const format = "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.Config.User}}";
  const [health = "", user = ""] = execFileSync("docker", ["inspect", "-f", format, id], { encoding: "utf8" })
    .trim()
    .split(" ");
  return { health, user };
}
