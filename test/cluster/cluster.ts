import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ShuntOptions } from "@shunt/core/config";
import { eventually, inTime } from "../support/eventually.ts";
import { type Host, Hosts } from "../support/hosts.ts";
import { kill } from "../support/processes.ts";
import { LocalRedis } from "../support/redis-server.ts";
import { type Handler, SampleServer } from "../support/sample-server.ts";

const SHUNT = fileURLToPath(new URL("../../packages/coordinator/src/cli/shunt.ts", import.meta.url));
const COMPILE_CACHE = join(tmpdir(), "shunt-test-compile-cache");
const TOKEN = "a-token-for-tests-of-clusters";
const WEB_PORT = 8080;

export interface ClusterOptions {
  readonly hosts?: number;
  readonly acceptorsPerHost?: number;
  readonly coordinators?: number;
  readonly servers?: readonly string[];
  readonly handler?: Handler;
  /** Beside or instead of the defaults. */
  readonly options?: Partial<ShuntOptions>;
}

/** A `shunt` command that was started, and its processes. */
export class ShuntProcess {
  readonly name: string;
  readonly state: string;
  readonly #arguments: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  errors = "";
  /** The line that it prints when it serves. */
  ready = "";

  constructor(name: string, state: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    this.name = name;
    this.state = state;
    this.#arguments = args;
    this.#environment = environment;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const [command = "", ...args] = this.#arguments;
    const child = spawn(command, args, { env: this.#environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.stderr.on("data", (chunk) => {
      this.errors += String(chunk);
    });
    const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => String(text));
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${this.name} ended with ${signal ?? code}: ${this.errors}`);
    });
    ended.catch(() => {});
    this.ready = await inTime(
      Promise.race([line, ended]),
      () => `${this.name}: ready line; stderr: ${this.errors}`,
    );
  }

  /** Those that it has started, by what they are. */
  members(role: "acceptor" | "coordinator"): number[] {
    const text = readFileSync(join(this.state, "household.json"), "utf8");
    const members: { role: string; pid: number }[] = JSON.parse(text);
    return members.filter((member) => member.role === role).map(({ pid }) => pid);
  }

  /** Of everything, at once: a machine that loses its power. */
  killAll(): void {
    const members = [...this.members("acceptor"), ...this.members("coordinator")];
    for (const pid of [this.#child?.pid ?? 0, ...members]) kill(pid);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await inTime(exit, () => `the end of ${this.name}; stderr: ${this.errors}`);
  }
}

/** Redis, coordinators, hosts with workers, and servers, as users have them: processes, files, sockets. */
export class Cluster implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "shunt-cluster-"));
  readonly hosts: Hosts;
  readonly redis: LocalRedis;
  readonly servers: readonly SampleServer[];
  readonly coordinators: ShuntProcess[] = [];
  readonly workers: ShuntProcess[] = [];
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, hosts: Hosts, redis: LocalRedis, servers: SampleServer[]) {
    this.#options = options;
    this.hosts = hosts;
    this.redis = redis;
    this.servers = servers;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const hosts = Hosts.make(options.hosts ?? 3);
    const redis = await LocalRedis.start([], undefined, undefined, hosts.gateway);
    const names = options.servers ?? ["s1", "s2"];
    const servers = await Promise.all(
      names.map((name) => SampleServer.start(name, options.handler, hosts.gateway)),
    );
    const cluster = new Cluster(options, hosts, redis, servers);
    try {
      await cluster.#begin();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where clients reach each host. */
  get urls(): string[] {
    return this.hosts.hosts.map(({ address }) => `http://${address}:${WEB_PORT}`);
  }

  get acceptors(): number {
    return this.hosts.hosts.length * (this.#options.acceptorsPerHost ?? 2);
  }

  /** A coordinator's answer; of the first that answers when `at` is not said. */
  async api(method: string, path: string, body?: object, at?: ShuntProcess): Promise<unknown> {
    const errors: unknown[] = [];
    for (const coordinator of at === undefined ? this.coordinators : [at]) {
      try {
        return await this.#ask(coordinator, method, path, body);
      } catch (error) {
        errors.push(error);
      }
    }
    throw new AggregateError(errors, `${method} ${path}: ${errors.map(String).join("; ")}`);
  }

  /** Name of the coordinator that leads, as the coordinators say. */
  async leader(): Promise<ShuntProcess> {
    const leads = async (each: ShuntProcess): Promise<boolean> => {
      const text = String(await this.#ask(each, "GET", "/metrics").catch(() => ""));
      return /^shunt_coordinator_leads(\{[^}]*\})? 1$/m.test(text);
    };
    const found = await eventually(
      async () => {
        const all = await Promise.all(this.coordinators.map(leads));
        return this.coordinators.filter((_, i) => all[i]);
      },
      (leaders) => leaders.length === 1,
    );
    return found[0] as ShuntProcess;
  }

  /** Resolves when all acceptors accept, and a coordinator knows it. */
  async complete(): Promise<void> {
    await eventually(
      async () => {
        const { acceptors } = (await this.api("GET", "/v1/acceptors")) as { acceptors: { state: string }[] };
        return acceptors.filter(({ state }) => state === "accepting").length;
      },
      (accepting) => accepting === this.acceptors,
    );
  }

  async #begin(): Promise<void> {
    const config = join(this.directory, "shunt.config.json");
    for (let i = 1; i <= (this.#options.coordinators ?? 2); i++) this.#addCoordinator(i, config);
    for (const host of this.hosts.hosts) this.#addWorker(host);
    writeFileSync(config, JSON.stringify(this.#config()));
    await Promise.all(this.coordinators.map((each) => each.start()));
    await Promise.all(this.workers.map((each) => each.start()));
    await this.complete();
  }

  #config(): Partial<ShuntOptions> & { state: object } {
    return {
      listeners: { web: { host: "0.0.0.0", port: WEB_PORT } },
      acceptors: this.#options.acceptorsPerHost ?? 2,
      pools: {
        all: { servers: Object.fromEntries(this.servers.map(({ name, url }) => [name, { url }])) },
      },
      classes: { all: { pool: "all" } },
      defaultClass: "all",
      log: { level: "info", access: "off" },
      timeouts: { drainMs: 5_000, classifyMs: 5_000 },
      admin: { host: "127.0.0.1", port: 0, token: { env: "SHUNT_TOKEN" } },
      ...this.#options.options,
      state: { kind: "redis", url: this.redis.url },
    };
  }

  #addCoordinator(number: number, config: string): void {
    const state = join(this.directory, `coordinator-${number}`);
    // Its own file: two may not have one state directory.
    const file = join(this.directory, `coordinator-${number}.config.mjs`);
    writeFileSync(
      file,
      `import { readFileSync } from "node:fs";\nconst config = JSON.parse(readFileSync(${JSON.stringify(config)}, "utf8"));\nexport default { ...config, state: { ...config.state, path: ${JSON.stringify(state)} } };\n`,
    );
    this.coordinators.push(this.#process(`coordinator ${number}`, state, [], ["coordinator", "-c", file]));
  }

  #addWorker({ name, address, prefix }: Host): void {
    const state = join(this.directory, name);
    const where = this.hosts.kind === "loopback" ? ["--listen", `web=${address}:${WEB_PORT}`] : [];
    const args = ["worker", "--state", this.redis.url, "--path", state, "--name", name, ...where];
    this.workers.push(this.#process(`worker ${name}`, state, prefix, args));
  }

  #process(name: string, state: string, prefix: readonly string[], args: readonly string[]): ShuntProcess {
    const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, SHUNT_TOKEN: TOKEN };
    return new ShuntProcess(name, state, [...prefix, process.execPath, SHUNT, ...args], env);
  }

  async #ask(coordinator: ShuntProcess, method: string, path: string, body?: object): Promise<unknown> {
    const admin = /admin (\S+)$/.exec(coordinator.ready)?.[1] ?? "";
    const answer = await fetch(admin + path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${coordinator.name}: ${method} ${path}: ${answer.status} ${text}`);
    return /json/.test(answer.headers.get("content-type") ?? "") && text !== "" ? JSON.parse(text) : text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.workers, ...this.coordinators];
    await Promise.allSettled(all.map((each) => each.stop()));
    for (const each of all) {
      try {
        each.killAll();
      } catch {
        // It has never had a process.
      }
    }
    await this.redis[Symbol.asyncDispose]();
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
    this.hosts[Symbol.dispose]();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
