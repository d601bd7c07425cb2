import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "@shunt/core";
import { testConfig } from "../../packages/coordinator/src/test-config.ts";
import { kill } from "./processes.ts";

const SHUNT = fileURLToPath(new URL("../../packages/coordinator/src/cli/shunt.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("./supervisor-process.ts", import.meta.url));

/** One process of those that serve for a state directory. */
export interface HouseholdMember {
  readonly role: "acceptor" | "coordinator";
  readonly pid: number;
}

/** A state directory for one test, and the supervisors that were started with it. */
export class Household implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "shunt-test-"));
  readonly state = join(this.directory, "state");
  readonly #children: ChildProcess[] = [];

  config(changes: Partial<ResolvedConfig> = {}): ResolvedConfig {
    return testConfig(this.state, changes);
  }

  /** Runs a supervisor over fake acceptors; see fake-acceptor.ts for what `mood` does to them. */
  run(config: ResolvedConfig, mood?: string): RunningSupervisor {
    const env = { ...process.env, ...(mood === undefined ? {} : { FAKE_ACCEPTOR: mood }) };
    return this.#spawn([MAIN, JSON.stringify(config)], env);
  }

  /** The same with a coordinator that never starts. */
  runWithoutCoordinator(config: ResolvedConfig): RunningSupervisor {
    return this.#spawn([MAIN, JSON.stringify(config)], { ...process.env, BROKEN_COORDINATOR: "1" });
  }

  /** Runs `shunt up` with a configuration file; its state is to be that of this household. */
  up(file: string): RunningSupervisor {
    return this.#spawn([SHUNT, "up", "-c", file], process.env);
  }

  #spawn(args: readonly string[], env: NodeJS.ProcessEnv): RunningSupervisor {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#children.push(child);
    return new RunningSupervisor(child);
  }

  members(role: HouseholdMember["role"]): HouseholdMember[] {
    const members: HouseholdMember[] = JSON.parse(readFileSync(join(this.state, "household.json"), "utf8"));
    return members.filter((member) => member.role === role);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const role of ["acceptor", "coordinator"] as const) {
      for (const { pid } of this.#membersIfAny(role)) kill(pid);
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #membersIfAny(role: HouseholdMember["role"]): HouseholdMember[] {
    try {
      return this.members(role);
    } catch {
      return [];
    }
  }
}

export class RunningSupervisor {
  readonly child: ChildProcess;
  /** The lines of standard output so far. */
  readonly lines: string[] = [];
  errors = "";
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #ready: Promise<string>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, "exit").then(([code, signal]) => signal ?? code);
    child.stderr?.on("data", (chunk) => {
      this.errors += String(chunk);
    });
    if (child.stdout === null) throw new Error("standard output is not piped");
    const output = createInterface({ input: child.stdout });
    output.on("line", (line) => this.lines.push(line));
    this.#ready = Promise.race([
      once(output, "line").then(([line]) => String(line)),
      this.exited.then((fate) => Promise.reject(new Error(`ended with ${fate}: ${this.errors}`))),
    ]);
    this.#ready.catch(() => {});
  }

  /** The URLs of the line that it says when it serves. */
  async ready(): Promise<{ readonly listener: string; readonly admin: string }> {
    const line = await this.#ready;
    const [, listener, admin] = /^ready (\S+) admin (\S+)$/.exec(line) ?? [];
    if (listener === undefined || admin === undefined) throw new Error(`not a ready line: ${line}`);
    return { listener, admin };
  }
}
