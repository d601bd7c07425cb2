import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Child } from "../children.ts";
import { accepts, HOST, type ServerPorts, serverPorts } from "../loopback.ts";
import { versionOf } from "../machine.ts";
import { scenarios } from "../scenarios.ts";
import { fillTemplate } from "../template.ts";

export interface SampleServers extends AsyncDisposable {
  readonly ports: ServerPorts;
  /** What they are, for the reader of the results. */
  readonly description: string;
}

/**
 * Starts the servers g1, g2, s1, s2 in one process: nginx where it is installed, else Node. nginx has nothing that holds
 * an answer back, so where that is wanted it is Node too. `dir` is made.
 */
export async function startSampleServers(
  dir: string,
  delayMs: number,
  core: number | undefined,
  signal: AbortSignal,
): Promise<SampleServers> {
  await mkdir(dir);
  const ports = await serverPorts();
  const version = delayMs === 0 ? versionOf("nginx", "-v") : undefined;
  const command = version
    ? ["nginx", "-e", "stderr", "-c", await writeNginxFiles(dir, ports)]
    : [process.execPath, join(import.meta.dirname, "node-servers.ts"), JSON.stringify(ports), `${delayMs}`];
  const child = Child.start("sample servers", command, { core, signal });
  try {
    await child.ready(() => allAccept(ports), 10_000, signal);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  const description = version
    ? `${version.replace("nginx version: ", "")}, one worker, answers from the page cache`
    : `Node ${process.version}, one process, answers from memory`;
  return { ports, description, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function allAccept(ports: ServerPorts): Promise<boolean> {
  const answers = await Promise.all(Object.values(ports).map(accepts));
  return answers.every(Boolean);
}

async function writeNginxFiles(dir: string, ports: ServerPorts): Promise<string> {
  const template = (name: string): string => join(import.meta.dirname, name);
  await mkdir(join(dir, "answers"));
  for (const { path, responseBytes } of scenarios) {
    await writeFile(join(dir, "answers", path), "x".repeat(responseBytes));
  }
  const servers = Object.entries(ports).map(([name, port]) =>
    fillTemplate(template("nginx-server.conf"), { host: HOST, dir, name, port }),
  );
  const config = join(dir, "nginx.conf");
  const values = { user: userInfo().username, dir, servers: servers.join("\n") };
  await writeFile(config, fillTemplate(template("nginx.conf"), values));
  return config;
}
