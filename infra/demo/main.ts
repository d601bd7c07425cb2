import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SampleNotice } from "./servers.ts";

/**
 * `npm start`: four sample servers, a Shunt in front of them, and a few lines that say what to try. Serves until
 * Ctrl-C or SIGTERM, then ends everything that it started.
 */

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const CONFIG = path("./shunt.config.ts");
const ACCESS_LOG = path("./shunt.config.ts.state/access.log");
const SHUNT = path("../../packages/coordinator/src/cli/shunt.ts");

const servers = fork(path("./servers.ts"), [], { detached: true });
let shunt: ChildProcess | undefined;
let stopping = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
servers.once("message", (notice: SampleNotice) => {
  if (notice.kind === "failed") refuse(notice.reason);
  else startShunt();
});

function startShunt(): void {
  if (stopping) return;
  // In a process group of its own: a Ctrl-C is passed on as one order to drain, and does not arrive twice.
  const child = spawn(process.execPath, [SHUNT, "up", "-c", CONFIG], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  shunt = child;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, web, admin] = /^ready (\S+) admin (\S+)$/.exec(line) ?? [];
    if (web !== undefined && admin !== undefined) process.stdout.write(whatToTry(web, admin));
  });
  child.once("exit", (code) => finish(code ?? 1));
}

function whatToTry(web: string, admin: string): string {
  return `
Shunt serves at ${web}, in front of four sample servers:
g1 and g2 are quick and take requests with the cookie tier=gold; s1 and s2 are slow and take all others.

Try it: six requests over one connection, the last three with the cookie (-v shows that curl re-uses it)
  curl -s '${web}/[1-3]' --next -s -b tier=gold '${web}/[4-6]'
Why does a request go where it goes?
  npx shunt explain -c ${relative(process.cwd(), CONFIG)} --header 'Cookie: tier=gold' --target /4
What runs, and how to take a server out of it?
  npx shunt status; npx shunt drain gold/g1; npx shunt ready gold/g1
Pools     ${admin}/v1/pools  ${admin}/v1/exchanges?limit=5
Metrics   ${admin}/metrics
Access log, a line for each request:  ${relative(process.cwd(), ACCESS_LOG)}

Ctrl-C stops everything.
`;
}

/** npm passes a Ctrl-C on that the terminal has sent us already: one order to stop is enough. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  if (shunt === undefined) finish(0);
  else shunt.kill("SIGTERM");
}

function refuse(reason: string): void {
  process.stderr.write(`${reason}\n`);
  finish(1);
}

/** The sample servers go last: until then an exchange may be waiting for them. */
function finish(code: number): void {
  process.exitCode = code;
  if (servers.exitCode !== null || servers.signalCode !== null) process.exit();
  once(servers, "exit").then(() => process.exit());
  servers.kill("SIGKILL");
}
