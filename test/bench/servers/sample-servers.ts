import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Child } from "../children.ts";
import { compileC, compilerVersion } from "../compiler.ts";
import { accepts, HOST, type ServerPorts, serverPorts } from "../loopback.ts";
import { versionOf } from "../machine.ts";
import { scenarios } from "../scenarios.ts";
import { fillTemplate } from "../template.ts";

export interface SampleServers extends AsyncDisposable {
  readonly ports: ServerPorts;
  /** What they are, for the reader of the results. */
  readonly description: string;
}

/** A program that is all four servers. */
interface Kind {
  readonly name: string;
  /** What it is, for the reader of the results; undefined where it cannot run. */
  describe(): string | undefined;
  command(dir: string, ports: ServerPorts, delayMs: number): Promise<string[]> | string[];
}

/** The one that takes least of the core which it shares with the load comes first: then the proxies are the limit. */
const kinds = [
  {
    name: "memory",
    describe: () => compilerVersion() && "sample-servers.c, one thread, answers from memory",
    command: (dir, ports) => [
      compileC(join(import.meta.dirname, "sample-servers.c"), dir),
      ...Object.entries(ports).flatMap(([name, port]) => [name, `${port}`]),
    ],
  },
  {
    name: "nginx",
    describe: () => {
      const version = versionOf("nginx", "-v")?.replace("nginx version: ", "");
      return version && `${version}, one worker, answers from the page cache`;
    },
    command: async (dir, ports) => ["nginx", "-e", "stderr", "-c", await writeNginxFiles(dir, ports)],
  },
  {
    name: "node",
    describe: () => `Node ${process.version}, one process, answers from memory`,
    command: (_dir, ports, delayMs) => [
      process.execPath,
      join(import.meta.dirname, "node-servers.ts"),
      JSON.stringify(ports),
      `${delayMs}`,
    ],
  },
] as const satisfies readonly Kind[];

export const serverKinds: readonly string[] = kinds.map(({ name }) => name);

/**
 * Starts the servers g1, g2, s1, s2 in one process: of the kind that is named, else of the first that can run here. Only
 * Node has something that holds an answer back, so where that is wanted it is Node. `dir` is made.
 */
export async function startSampleServers(
  dir: string,
  delayMs: number,
  core: number | undefined,
  signal: AbortSignal,
  named?: string,
): Promise<SampleServers> {
  await mkdir(dir);
  const ports = await serverPorts();
  const { kind, description } = chooseKind(delayMs > 0 ? "node" : named);
  const command = await kind.command(dir, ports, delayMs);
  const child = Child.start("sample servers", command, { core, signal });
  try {
    await child.ready(() => allAccept(ports), 10_000, signal);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return { ports, description, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

function chooseKind(named: string | undefined): { kind: Kind; description: string } {
  for (const kind of kinds) {
    const description = named === undefined || kind.name === named ? kind.describe() : undefined;
    if (description !== undefined) return { kind, description };
  }
  throw new Error(`Cannot start sample servers of the kind "${named}": its program is not installed`);
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
