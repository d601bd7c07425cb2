import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CoordinatorOrder, ResolvedConfig, ResolvedRedis } from "@shunt/core";
import { decodeCoordinatorNotice } from "@shunt/core/contract/decode";
import { testConfig } from "../../packages/coordinator/src/test-config.ts";

const MAIN = fileURLToPath(new URL("../../packages/coordinator/src/main.ts", import.meta.url));

/** A coordinator as a process of its own, as a supervisor starts it, with a state directory of its own. */
export class CoordinatorProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Of its admin API. */
  readonly url: string;
  readonly #directory: string;
  readonly #output: { text: string };

  private constructor(child: ChildProcess, url: string, directory: string, output: { text: string }) {
    this.child = child;
    this.url = url;
    this.#directory = directory;
    this.#output = output;
  }

  /** Resolves when its API listens. */
  static async start(
    state: ResolvedRedis,
    changes: Partial<ResolvedConfig> = {},
    fileHash = "the-file",
  ): Promise<CoordinatorProcess> {
    const directory = mkdtempSync(join(tmpdir(), "shunt-coordinator-"));
    const config = testConfig(directory, { ...changes, state: { ...state, path: directory } });
    const child = fork(MAIN, [], { execArgv: [], stdio: ["ignore", "inherit", "pipe", "ipc"] });
    const output = { text: "" };
    child.stderr?.on("data", (octets: Buffer) => {
      output.text += octets;
    });
    const order: CoordinatorOrder = {
      kind: "start",
      host: "test",
      config,
      fileHash,
      bus: join(directory, "bus.sock"),
      adminPort: 0,
      epoch: "test",
    };
    child.send(order);
    const [message] = await Promise.race([once(child, "message"), once(child, "exit")]);
    const notice = typeof message === "object" ? decodeCoordinatorNotice(message) : undefined;
    if (notice?.kind !== "ready") throw new Error(`the coordinator did not start: ${output.text}`);
    return new CoordinatorProcess(child, `http://127.0.0.1:${notice.admin.port}`, directory, output);
  }

  get log(): string {
    return this.#output.text;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(8_000) });
    return (await response.json()) as T;
  }

  /** Status and body of an answer. */
  async send(method: string, path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(8_000),
    });
    return { status: response.status, body: await response.json() };
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(8_000) });
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(await response.text()) ?? [];
    return Number(value);
  }

  async leads(): Promise<boolean> {
    return (await this.get<{ leads: boolean }>("/v1/coordinator")).leads;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
