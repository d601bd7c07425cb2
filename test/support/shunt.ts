import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ShuntOptions } from "../../packages/core/src/config/options.ts";
import { eventually, inTime } from "./eventually.ts";
import { kill } from "./processes.ts";
import { RawClient } from "./raw-client.ts";

export const SHUNT = fileURLToPath(new URL("../../packages/coordinator/src/cli/shunt.ts", import.meta.url));
/** Shared by all tests of a machine: a state directory of its own would compile everything anew with each start. */
const COMPILE_CACHE = join(tmpdir(), "shunt-test-compile-cache");
export const TOKEN = "a-token-for-tests";

/** Whoever has a name and an address. */
export interface Named {
  readonly name: string;
  readonly url: string;
}

export function poolOf(...servers: readonly Named[]): ShuntOptions["pools"][string] {
  return { servers: Object.fromEntries(servers.map(({ name, url }) => [name, { url }])) };
}

/** Two pools: who shows the cookie tier=gold is served by `gold`, everybody else by `general`. */
export function goldAndGeneral(gold: readonly Named[], general: readonly Named[]): Partial<ShuntOptions> {
  return {
    pools: { gold: poolOf(...gold), general: poolOf(...general) },
    classes: { gold: { pool: "gold" }, general: { pool: "general" } },
    rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
    defaultClass: "general",
  };
}

/** One pool, which serves everybody. */
export function onePool(...servers: readonly Named[]): Partial<ShuntOptions> {
  return { pools: { all: poolOf(...servers) }, classes: { all: { pool: "all" } }, defaultClass: "all" };
}

/** `shunt up` with a configuration of the test's; resolves when it serves. All ports are left to the system. */
export async function startShunt(
  options: Partial<ShuntOptions>,
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningShunt> {
  const shunt = new RunningShunt(options, environment);
  try {
    await shunt.ready();
    return shunt;
  } catch (error) {
    // Nobody else knows of it.
    await shunt[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/** The parts of what the API tells that tests look at. */
export interface AcceptorSeen {
  readonly id: string;
  readonly pid: number;
  readonly state: string;
  readonly connections: number;
  readonly exchanges: number;
}

export interface LoadSeen {
  readonly server: string;
  readonly outstanding: number;
  readonly requests: number;
  readonly connections: number;
  readonly failures: number;
}

/** A line of the access log. */
export type AccessLine = Readonly<Record<string, string | number | boolean>>;

/** The product as a user runs it: a process tree, a configuration file, sockets. */
export class RunningShunt implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "shunt-test-"));
  readonly config = join(this.directory, "my.config.json");
  readonly child: ChildProcess;
  /** What it has written to standard error. */
  errors = "";
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  url = "";
  admin = "";
  readonly #readyLine: Promise<string>;

  constructor(options: Partial<ShuntOptions>, environment: NodeJS.ProcessEnv) {
    writeFileSync(this.config, JSON.stringify({ ...DEFAULTS, ...options }));
    this.child = spawn(process.execPath, [SHUNT, "up", "-c", this.config], {
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, SHUNT_TOKEN: TOKEN, ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stderr?.on("data", (chunk) => {
      this.errors += String(chunk);
    });
    this.exited = once(this.child, "exit").then(([code, signal]) => signal ?? code);
    this.#readyLine = this.#firstLine();
    this.#readyLine.catch(() => {});
  }

  async ready(): Promise<void> {
    const line = await inTime(this.#readyLine, () => `the ready line; on stderr: ${this.errors}`);
    const [, url, admin] = /^ready (\S+) admin (\S+)$/.exec(line) ?? [];
    if (url === undefined || admin === undefined) throw new Error(`not a ready line: ${line}`);
    this.url = url;
    this.admin = admin;
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.url);
  }

  /** What the admin API answers to a GET, as text. */
  async api(path: string): Promise<string> {
    const answer = await fetch(this.admin + path, { headers: { authorization: `Bearer ${TOKEN}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return await answer.text();
  }

  async acceptors(): Promise<readonly AcceptorSeen[]> {
    return JSON.parse(await this.api("/v1/acceptors")).acceptors;
  }

  /** The one acceptor of a product that has one. */
  async acceptor(): Promise<AcceptorSeen> {
    const [acceptor] = await eventually(
      () => this.acceptors(),
      ({ length }) => length === 1,
    );
    return acceptor as AcceptorSeen;
  }

  async loads(): Promise<readonly LoadSeen[]> {
    return JSON.parse(await this.api("/v1/load")).servers;
  }

  /** Resolves when no server has a request outstanding and no acceptor an exchange. */
  async quiet(): Promise<void> {
    await eventually(
      async () => ({ loads: await this.loads(), acceptors: await this.acceptors() }),
      ({ loads, acceptors }) =>
        loads.every(({ outstanding }) => outstanding === 0) &&
        acceptors.every(({ exchanges }) => exchanges === 0),
    );
  }

  /** A metric, or the sum of its samples whose labels hold the text `labels`. */
  async metric(name: string, labels = ""): Promise<number> {
    const lines = (await this.api("/metrics")).split("\n");
    const values = lines.filter((line) => line.startsWith(name) && !/^\w/.test(line.slice(name.length)));
    return values
      .filter((line) => line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Lines of the log on standard error whose message is `message`. */
  logged(message: string): AccessLine[] {
    return jsonLines(this.errors).filter(({ msg }) => msg === message);
  }

  /** The lines of the access log, as soon as there are `count`. */
  async accessLog(count: number): Promise<AccessLine[]> {
    const file = join(this.directory, "access.log");
    return await eventually(
      () => (existsSync(file) ? jsonLines(readFileSync(file, "utf8")) : []),
      (lines) => lines.length >= count,
    );
  }

  /** Asks it to drain, and tells how it ended. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.child.kill("SIGTERM");
    return await inTime(this.exited, () => `the end of \`shunt up\`; on stderr: ${this.errors}`);
  }

  /** A product that the test has not ended itself has to end well. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode, pid = 0 } = this.child;
    const { household } = this;
    try {
      if (exitCode !== null || signalCode !== null) return;
      const fate = await this.stop();
      if (fate !== 0) throw new Error(`\`shunt up\` ended with ${fate}: ${this.errors}`);
    } finally {
      for (const each of [pid, ...household]) kill(each);
      rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  /** Its processes, also those that outlive a supervisor that was killed. */
  get household(): readonly number[] {
    const file = join(`${this.config}.state`, "household.json");
    if (!existsSync(file)) return [];
    const members: { pid: number }[] = JSON.parse(readFileSync(file, "utf8"));
    return members.map(({ pid }) => pid);
  }

  async #firstLine(): Promise<string> {
    if (this.child.stdout === null) throw new Error("standard output is not piped");
    const output = createInterface({ input: this.child.stdout });
    const ended = this.exited.then((fate) => {
      throw new Error(`\`shunt up\` ended with ${fate}: ${this.errors}`);
    });
    return await Promise.race([once(output, "line").then(([line]) => String(line)), ended]);
  }
}

const DEFAULTS: Partial<ShuntOptions> = {
  listeners: { web: { host: "127.0.0.1", port: 0 } },
  acceptors: 1,
  admin: { host: "127.0.0.1", port: 0, token: { env: "SHUNT_TOKEN" } },
  log: { access: "access.log" },
  // A thread that waits for a core of a busy machine is no thread that hangs.
  timeouts: { drainMs: 5_000, classifyMs: 1_000 },
};

function jsonLines(text: string): AccessLine[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}
