import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { join } from "node:path";
import { HOST, type ServerPorts } from "./loopback.ts";
import { revision, versionOf } from "./machine.ts";
import type { OpponentTask } from "./opponents/node-opponent.ts";
import { fillTemplate } from "./template.ts";

/** What a proxy is given when it is started. */
export interface Place {
  readonly port: number;
  /** A second free port, for those that have an admin interface. */
  readonly adminPort: number;
  /** Where its access log goes. */
  readonly log: string;
  /** A directory of its own. */
  readonly dir: string;
  readonly servers: ServerPorts;
}

/** A proxy under test. All are described alike; Shunt has no way of its own into the benchmark. */
export interface Target {
  readonly name: string;
  readonly title: string;
  /** How it picks a server of a pool, for the reader of the results. */
  readonly balance: string;
  /** What is installed, as text; undefined: nothing, and the target is skipped. */
  version(): string | undefined;
  /** What to do when it is missing. */
  readonly install: string;
  /** File in opponents/ that becomes its configuration, and the name it has then; undefined: it reads none. */
  readonly template: string | undefined;
  command(place: Place, config: string): readonly string[];
  /** Its standard output is its access log. */
  readonly logsToStdout: boolean;
  /** It prints a line that begins with "ready"; otherwise it serves as soon as its port accepts. */
  readonly saysReady: boolean;
}

const root = join(import.meta.dirname, "../..");
const opponents = join(import.meta.dirname, "opponents");
const shuntCli = join(root, "packages/coordinator/src/cli/shunt.ts");

const shunt: Target = {
  name: "shunt",
  title: "Shunt",
  balance: "least-load",
  version: () =>
    existsSync(shuntCli) ? `${packageVersion(root)} (${revision(root) ?? "no revision"})` : undefined,
  install: "packages/coordinator/src/cli/shunt.ts is missing",
  template: "shunt.yaml",
  command: (_place, config) => [process.execPath, shuntCli, "up", "-c", config],
  logsToStdout: false,
  saysReady: true,
};

const haproxy: Target = {
  name: "haproxy",
  title: "HAProxy",
  balance: "leastconn",
  version: () => versionOf("haproxy", "-v")?.replace(/^HAProxy version (\S+).*/, "$1"),
  install: "Debian: apt-get install haproxy",
  template: "haproxy.cfg",
  command: (_place, config) => ["haproxy", "-f", config],
  logsToStdout: true,
  saysReady: false,
};

const nginx: Target = {
  name: "nginx",
  title: "nginx",
  balance: "least_conn",
  version: () => versionOf("nginx", "-v")?.replace("nginx version: nginx/", ""),
  install: "Debian: apt-get install nginx-light",
  template: "nginx.conf",
  command: (_place, config) => ["nginx", "-e", "stderr", "-c", config],
  logsToStdout: false,
  saysReady: false,
};

export const targets: readonly Target[] = [
  shunt,
  haproxy,
  nginx,
  nodeOpponent("http-proxy-3", "http-proxy-3"),
  nodeOpponent("fast-proxy", "fast-proxy", "undici"),
  nodeOpponent("fastify-http-proxy", "@fastify/http-proxy", "fastify"),
];

/** A proxy library, in a small program of its own. `inside` is the package that does much of its work, if another. */
function nodeOpponent(name: string, packageName: string, inside?: string): Target {
  return {
    name,
    title: packageName,
    balance: "fewest outstanding, by a few lines of ours (the library has no balancing)",
    version: () => libraryVersion(packageName, inside),
    install: "pnpm install",
    template: undefined,
    command: ({ port, log, servers: { g1, g2, s1, s2 } }) => {
      const task: OpponentTask = { port, log, gold: { g1, g2 }, general: { s1, s2 } };
      return [process.execPath, join(opponents, `${name}.ts`), JSON.stringify(task)];
    },
    logsToStdout: false,
    saysReady: true,
  };
}

function libraryVersion(packageName: string, inside: string | undefined): string | undefined {
  const directory = join(root, "node_modules", packageName);
  const own = packageVersion(directory);
  if (own === undefined || inside === undefined) return own;
  return `${own} with ${inside} ${packageVersion(packageDirectory(inside, directory)) ?? "unknown"}`;
}

/** Where `name` is found by the code of the package in `from`, which pnpm keeps elsewhere and links. */
function packageDirectory(name: string, from: string): string {
  const places = createRequire(join(realpathSync(from), "package.json")).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find((place) => existsSync(place)) ?? from;
}

function packageVersion(directory: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).version;
  } catch {
    return undefined;
  }
}

/** The text of a target's configuration file for a place. */
export function configure(template: string, place: Place): string {
  const { servers, ...rest } = place;
  return fillTemplate(join(opponents, template), {
    host: HOST,
    user: userInfo().username,
    ...rest,
    ...servers,
  });
}
