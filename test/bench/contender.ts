import { closeSync, openSync, truncateSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "./children.ts";
import { accepts, freePorts, type ServerPorts } from "./loopback.ts";
import { configure, type Place, type Target } from "./targets.ts";

const READY_TIMEOUT_MS = 20_000;

/** In which it is not as usual. */
export interface Circumstances {
  readonly environment?: Readonly<Record<string, string>>;
  /** Of clients, at the same time. */
  readonly connections?: number;
}

/** A target that runs. */
export class Contender implements AsyncDisposable {
  readonly target: Target;
  readonly place: Place;
  readonly #child: Child;

  private constructor(target: Target, place: Place, child: Child) {
    this.target = target;
    this.place = place;
    this.#child = child;
  }

  /** Starts `target` in front of `servers` and waits until it serves; `dir` is made. Rejects with what it said last. */
  static async start(
    target: Target,
    servers: ServerPorts,
    dir: string,
    core: number | undefined,
    signal: AbortSignal,
    { environment = {}, connections = 512 }: Circumstances = {},
  ): Promise<Contender> {
    const place = await preparePlace(dir, servers, connections);
    const command = await target.command(place, await writeConfig(target, place));
    const log = openSync(place.log, "a");
    const stdout = target.logsToStdout ? { stdout: log } : {};
    const child = Child.start(target.title, command, { core, signal, environment, ...stdout });
    closeSync(log);
    const contender = new Contender(target, place, child);
    try {
      await child.ready((output) => contender.#serves(output), READY_TIMEOUT_MS, signal);
      return contender;
    } catch (error) {
      await contender[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Process id of the root of its tree. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it ended and what it said last; undefined while it runs. */
  get obituary(): string | undefined {
    return this.#child.ended ? this.#child.lastWords : undefined;
  }

  /** Empties the access log, which grows by hundreds of megabytes otherwise. All targets append, so nothing breaks. */
  emptyLog(): void {
    truncateSync(this.place.log);
  }

  #serves(output: string): boolean | Promise<boolean> {
    return this.target.saysReady ? /^ready/m.test(output) : accepts(this.place.port);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

async function preparePlace(dir: string, servers: ServerPorts, connections: number): Promise<Place> {
  await mkdir(dir);
  const [port = 0, adminPort = 0] = await freePorts(2);
  return { port, adminPort, log: join(dir, "access.log"), dir, servers, connections };
}

async function writeConfig(target: Target, place: Place): Promise<string> {
  const config = join(place.dir, target.template ?? "none");
  const text = configure(target, place);
  if (text !== undefined) await writeFile(config, text);
  return config;
}
