import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../../packages/core/src/config/defaults.ts";
import { compilerVersion, INSTALL_COMPILER } from "./compiler.ts";
import { HOST, type ServerPorts } from "./loopback.ts";
import { revision, versionOf } from "./machine.ts";
import { limitCommand } from "./opponents/limit.ts";
import type { OpponentTask } from "./opponents/node-opponent.ts";
import { LATENCY, type Scenario } from "./scenarios.ts";
import { fillTemplate } from "./template.ts";
import { libraryVersion, packageVersion, root } from "./versions.ts";

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
  /** How many client connections it has to take at the same time, at most. */
  readonly connections: number;
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
  /** What is filled into the template beside the place: here rows of one proxy differ. */
  settings(place: Place): Readonly<Record<string, string>>;
  command(place: Place, config: string): readonly string[] | Promise<readonly string[]>;
  /** It writes a line per request. It is compared with the Shunt that does likewise. */
  readonly accessLog: boolean;
  /** Its standard output is its access log. */
  readonly logsToStdout: boolean;
  /** It prints a line that begins with "ready"; otherwise it serves as soon as its port accepts. */
  readonly saysReady: boolean;
  /** It is not kept to the core of the proxies, but shares that of the load too. */
  readonly onBothCores: boolean;
  /** It does the work of a proxy, and has to show that it does. */
  readonly isProxy: boolean;
  /** Names of the scenarios in which it is measured; undefined: all. */
  readonly scenarios: readonly string[] | undefined;
}

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
  settings: (place) => ({ access: place.log, share: "off", acceptors: "1", limits: shuntLimits(place) }),
  command: (_place, config) => [process.execPath, shuntCli, "up", "-c", config],
  accessLog: true,
  logsToStdout: false,
  saysReady: true,
  onBothCores: false,
  isProxy: true,
  scenarios: undefined,
};

/** The same, with server connections that are shared by safe requests. */
const shuntShared: Target = {
  ...shunt,
  name: "shunt-shared",
  title: "Shunt, share auto",
  settings: (place) => ({ ...shunt.settings(place), share: "auto" }),
};

/** Two acceptors. Where there are two cores, load and servers are on one of theirs, which shows what such a machine allows. */
const shuntTwo: Target = {
  ...shunt,
  name: "shunt-two",
  title: "Shunt, two acceptors, both cores",
  settings: (place) => ({ ...shunt.settings(place), acceptors: "2" }),
  onBothCores: true,
  scenarios: ["get-64"],
};

const haproxy: Target = {
  name: "haproxy",
  title: "HAProxy",
  balance: "leastconn",
  version: () => versionOf("haproxy", "-v")?.replace(/^HAProxy version (\S+).*/, "$1"),
  install: "Debian: apt-get install haproxy",
  template: "haproxy.cfg",
  settings: (place) => ({ logging: "log global", maxconn: `${Math.max(4_096, place.connections + 100)}` }),
  command: (_place, config) => ["haproxy", "-f", config],
  accessLog: true,
  logsToStdout: true,
  saysReady: false,
  onBothCores: false,
  isProxy: true,
  scenarios: undefined,
};

const nginx: Target = {
  name: "nginx",
  title: "nginx",
  balance: "least_conn",
  version: () => versionOf("nginx", "-v")?.replace("nginx version: nginx/", ""),
  install: "Debian: apt-get install nginx-light",
  template: "nginx.conf",
  settings: (place) => ({
    accessLog: `${place.log} line buffer=64k flush=1s`,
    connections: `${openFiles(place, 8_192)}`,
  }),
  command: (_place, config) => ["nginx", "-e", "stderr", "-c", config],
  accessLog: true,
  logsToStdout: false,
  saysReady: false,
  onBothCores: false,
  isProxy: true,
  scenarios: undefined,
};

const limit: Target = {
  name: "limit",
  title: "limit (parses nothing)",
  balance: "by turns, per client connection",
  version: compilerVersion,
  install: INSTALL_COMPILER,
  template: undefined,
  settings: () => ({}),
  command: limitCommand,
  accessLog: false,
  logsToStdout: false,
  saysReady: false,
  onBothCores: false,
  isProxy: false,
  // it counts octets, so all answers have to be of one length
  scenarios: ["get-64", "pipelined-64", "pipelined-5ms", LATENCY],
};

export const targets: readonly Target[] = [
  shunt,
  shuntShared,
  haproxy,
  nginx,
  limit,
  shuntTwo,
  withoutLog(shunt, { access: "off" }),
  withoutLog(haproxy, { logging: "no log" }),
  withoutLog(nginx, { accessLog: "off" }),
  nodeOpponent("http-proxy-3", "http-proxy-3"),
  nodeOpponent("fast-proxy", "fast-proxy", "undici"),
  nodeOpponent("fastify-http-proxy", "@fastify/http-proxy", "fastify"),
];

export function does({ scenarios }: Target, { name }: Pick<Scenario, "name">): boolean {
  return scenarios?.includes(name) ?? true;
}

/** The same proxy once more, with what makes it write no access log. */
function withoutLog(target: Target, differing: Readonly<Record<string, string>>): Target {
  const { name, title } = target;
  return {
    ...target,
    name: `${name}-no-log`,
    title: `${title}, no log`,
    settings: (place) => ({ ...target.settings(place), ...differing }),
    accessLog: false,
    logsToStdout: false,
    scenarios: ["get-64"],
  };
}

/** With a connection to a server for each client, and some to spare. */
function openFiles({ connections }: Place, usual: number): number {
  return Math.max(usual, 2 * connections + 500);
}

/**
 * Server connections are kept as HAProxy and nginx keep them here, all that were ever needed at once; by default it is 64 to a
 * server. The other limits are as they come, unless more connections are to be measured than they allow.
 */
function shuntLimits({ connections }: Place): string {
  const { outstandingPerServer } = DEFAULT_LIMITS;
  const perServer = Math.ceil(connections / 2);
  if (perServer <= outstandingPerServer) return `{ idlePerServer: ${outstandingPerServer} }`;
  return `{ connections: ${connections + 500}, outstandingPerServer: ${perServer}, idlePerServer: ${perServer} }`;
}

/** A proxy library, in a small program of its own. `inside` is the package that does much of its work, if another. */
function nodeOpponent(name: string, packageName: string, inside?: string): Target {
  return {
    name,
    title: packageName,
    balance: "fewest outstanding, by a few lines of ours (the library has no balancing)",
    version: () => libraryVersion(packageName, inside),
    install: "pnpm install",
    template: undefined,
    settings: () => ({}),
    command: ({ port, log, servers: { g1, g2, s1, s2 } }) => {
      const task: OpponentTask = { port, log, gold: { g1, g2 }, general: { s1, s2 } };
      return [process.execPath, join(opponents, `${name}.ts`), JSON.stringify(task)];
    },
    accessLog: true,
    logsToStdout: false,
    saysReady: true,
    onBothCores: false,
    isProxy: true,
    scenarios: undefined,
  };
}

/** The text of a target's configuration file for a place; undefined where it reads none. */
export function configure({ template, settings }: Target, place: Place): string | undefined {
  if (template === undefined) return undefined;
  const { servers, ...rest } = place;
  return fillTemplate(join(opponents, template), {
    host: HOST,
    user: userInfo().username,
    ...rest,
    ...servers,
    ...settings(place),
  });
}
