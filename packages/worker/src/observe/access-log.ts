import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { FIXED, HEAD_FLAG } from "@shunt/core";
import pino from "pino";
import type { Exchange } from "../track/exchange.ts";
import { timersOf } from "../track/timers.ts";

/** pino's number of the level "info": these lines are of its format. */
const INFO = 30;
/** Lines are written in blocks of about this size, or when the wheel says that they have waited long enough. */
const BLOCK_CHARACTERS = 65_536;
/** How long the last lines may take when the log is closed: a sink that blocks must not keep a process from its end. */
const CLOSING_MS = 1_000;

type Destination = ReturnType<typeof pino.destination>;

/**
 * One JSON line per exchange, through pino's destination. Lines are put together here and not by pino, and handed over
 * in blocks: with twenty fields that is a fraction of the time, for every request (access-log.bench.ts). A sink that
 * blocks drops whole lines; it never blocks the loop. What it could not write for an error waits for its next block.
 */
export class AccessLog {
  /** Lines that were dropped. */
  dropped = 0;
  readonly #acceptor: string;
  #sink: string;
  #destination: Destination | undefined;
  #block = "";

  /**
   * `sink`: "stdout", "off", or a file's path.
   * @throws Error when the file cannot be opened
   */
  constructor(sink: string, acceptor: string) {
    this.#acceptor = JSON.stringify(acceptor);
    this.#sink = sink;
    this.#destination = this.#open(sink);
  }

  get #isFile(): boolean {
    return isFile(this.#sink);
  }

  #open(sink: string): Destination | undefined {
    if (sink === "off") return undefined;
    if (isFile(sink)) tryToOpen(sink);
    const destination = pino.destination({
      dest: isFile(sink) ? sink : STDOUT,
      sync: false,
      maxWrite: BLOCK_CHARACTERS * 2,
      maxLength: FIXED.accessLogBytes,
    });
    destination.on("drop", (block) => this.#drop(block));
    destination.on("error", () => {});
    return destination;
  }

  /**
   * Lines go to another sink from now on; those that were written go where they were to go.
   * @throws Error when the file cannot be opened; then the sink stays.
   */
  moveTo(sink: string): void {
    if (sink === this.#sink) return;
    const next = this.#open(sink);
    this.flush();
    this.#destination?.end();
    this.#destination = next;
    this.#sink = sink;
  }

  write(exchange: Exchange, id: string, now: number): void {
    if (this.#destination === undefined) return;
    this.#block += this.#line(exchange, id, now);
    if (this.#block.length >= BLOCK_CHARACTERS) this.flush();
  }

  /** Hands over the lines that wait for their block to fill. */
  flush(): void {
    const block = this.#block;
    if (block === "") return;
    this.#block = "";
    try {
      this.#destination?.write(block);
    } catch {
      // Closed, or its file could not be opened after all.
      this.#drop(block);
    }
  }

  /** After a rotation: goes on in a new file of the same name. */
  reopen(): void {
    if (!this.#isFile) return;
    this.flush();
    this.#destination?.reopen();
  }

  /** Resolves when every line is written, or the sink had its time. */
  close(): Promise<void> {
    const destination = this.#destination;
    if (destination === undefined) return Promise.resolve();
    this.flush();
    return new Promise((resolve) => {
      const late = setTimeout(resolve, CLOSING_MS);
      destination.once("close", () => {
        clearTimeout(late);
        resolve();
      });
      destination.end();
    });
  }

  #drop(block: string): void {
    for (let at = block.indexOf("\n"); at >= 0; at = block.indexOf("\n", at + 1)) this.dropped++;
  }

  #line(exchange: Exchange, id: string, now: number): string {
    const { config, generation } = exchange.snapshot;
    const { attempt } = exchange;
    const timers = timersOf(exchange, now);
    const rule = config.rules[exchange.rule]?.name;
    const cls = config.classes[exchange.class]?.name;
    let line = `{"level":${INFO},"time":${Math.round(performance.timeOrigin + now)},"acceptor":${this.#acceptor}`;
    line += `,"id":"${id}","client":"${exchange.forwardedClient ?? exchange.client.address.text}"`;
    if (exchange.user !== undefined) line += `,"user":${JSON.stringify(exchange.user)}`;
    line += `,"method":"${exchange.methodName}","host":${JSON.stringify(exchange.authority)}`;
    line += `,"target":${JSON.stringify(exchange.target)},"http":"${exchange.has(HEAD_FLAG.HTTP_1_0) ? "1.0" : "1.1"}"`;
    line += `,"status":${exchange.status}`;
    // Names of classes, pools and servers hold nothing that JSON would escape (core/config/token.ts).
    if (cls !== undefined) line += `,"class":"${cls}"`;
    if (rule !== undefined) line += `,"rule":${JSON.stringify(rule)}`;
    if (attempt !== undefined) {
      line += `,"pool":"${attempt.backend.pool}","server":"${attempt.backend.name}"`;
      line += `,"seed":${attempt.seed}${attempt.spilled ? ',"spilled":true' : ""}`;
    }
    line += `,"generation":${generation},"attempts":${exchange.history.length}`;
    line += `,"bytesIn":${exchange.bytesIn},"bytesOut":${exchange.bytesOut}`;
    line += `,"TR":${timers.TR},"Tk":${timers.Tk},"Tw":${timers.Tw},"Tc":${timers.Tc},"Tr":${timers.Tr}`;
    line += `,"To":${timers.To},"Td":${timers.Td},"Ta":${timers.Ta},"ended":"${exchange.ended}"`;
    if (exchange.failure !== undefined) line += `,"failure":"${exchange.failure}"`;
    return `${line}}\n`;
  }
}

const STDOUT = 1;

function isFile(sink: string): boolean {
  return sink !== "off" && sink !== "stdout";
}

/** A pipe without a reader is refused as well; to open one in the usual way would be to wait for its reader. */
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/** Says at once what opening in the background would say too late: that nobody will ever read a line. */
function tryToOpen(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK));
  } catch (cause) {
    throw new Error(`Cannot open the access log "${path}": ${(cause as Error).message}`, { cause });
  }
}
