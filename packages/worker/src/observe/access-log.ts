import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { FIXED, HEAD_FLAG } from "@shunt/core";
import pino from "pino";
import type { Exchange } from "../track/exchange.ts";
import { newTimers, timersOf } from "../track/timers.ts";
import { LineBlock, ReadyText } from "./line-block.ts";

/** pino's number of the level "info": these lines are of its format. */
const INFO = 30;
const TIME_ORIGIN = performance.timeOrigin;
/** Lines are written in blocks of about this size, or when the wheel says that they have waited long enough. */
const BLOCK_BYTES = 65_536;
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
  /** What stands between the time and the id. */
  readonly #acceptorAndId: ReadyText;
  #sink: string;
  #destination: Destination | undefined;
  readonly #block = new LineBlock();
  readonly #timers = newTimers();
  readonly #values = new Float64Array(TIMERS.length);

  /**
   * `sink`: "stdout", "off", or a file's path.
   * @throws Error when the file cannot be opened
   */
  constructor(sink: string, acceptor: string) {
    this.#acceptorAndId = new ReadyText(`,"acceptor":${jsonOf(acceptor)},"id":"`);
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
      contentMode: "buffer",
      sync: false,
      maxWrite: BLOCK_BYTES,
      maxLength: FIXED.accessLogBytes,
    });
    // Its types know blocks of text alone.
    destination.on("drop", (block) => this.#drop(block as unknown as Uint8Array));
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
    this.#line(exchange, id, now);
    if (this.#block.length >= BLOCK_BYTES) this.flush();
  }

  /** Hands over the lines that wait for their block to fill. */
  flush(): void {
    if (this.#block.length === 0) return;
    const block = this.#block.take();
    try {
      this.#destination?.write(block as unknown as string);
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

  #drop(block: Uint8Array): void {
    for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, at + 1)) this.dropped++;
  }

  #line(exchange: Exchange, id: string, now: number): void {
    const { config, generation } = exchange.snapshot;
    const { attempt, received } = exchange;
    const rule = config.rules[exchange.rule]?.name;
    const cls = config.classes[exchange.class]?.name;
    const line = this.#block;
    line
      .ready(TIME)
      .integer(Math.round(TIME_ORIGIN + now))
      .ready(this.#acceptorAndId)
      .plain(id);
    line
      .ready(CLIENT)
      .plain(exchange.forwardedClient ?? exchange.client.address.text)
      .plain('"');
    if (exchange.user !== undefined) line.ready(USER).string(exchange.user);
    line.ready(METHOD).plain(exchange.methodName).ready(AUTHORITY);
    line.latin1(received, exchange.authorityAt, exchange.authorityAt + exchange.authorityLength);
    line.ready(TARGET);
    if (exchange.has(HEAD_FLAG.EMPTY_PATH)) line.string(exchange.target);
    else line.latin1(received, exchange.targetAt, exchange.targetAt + exchange.targetLength);
    line.ready(VERSION).plain(exchange.has(HEAD_FLAG.HTTP_1_0) ? "0" : "1");
    line.ready(STATUS).integer(exchange.status);
    // Names of classes, pools and servers hold nothing that JSON would escape (core/config/token.ts).
    if (cls !== undefined) line.ready(CLASS).plain(cls).plain('"');
    if (rule !== undefined) line.ready(RULE).string(rule);
    if (attempt !== undefined) {
      line.ready(POOL).plain(attempt.backend.pool).ready(SERVER).plain(attempt.backend.name);
      line.ready(SEED).integer(attempt.seed);
      if (attempt.spilled) line.plain(',"spilled":true');
    }
    line.ready(GENERATION).integer(generation).ready(ATTEMPTS).integer(exchange.history.length);
    line.ready(BYTES_IN).integer(exchange.bytesIn).ready(BYTES_OUT).integer(exchange.bytesOut);
    this.#times(exchange, now);
    line.ready(ENDED).plain(exchange.ended);
    if (exchange.failure !== undefined) line.plain('","failure":"').plain(exchange.failure);
    line.ready(END);
  }

  #times(exchange: Exchange, now: number): void {
    const line = this.#block;
    const timers = timersOf(exchange, now, this.#timers);
    const values = this.#values;
    values[0] = timers.TR;
    values[1] = timers.Tk;
    values[2] = timers.Tw;
    values[3] = timers.Tc;
    values[4] = timers.Tr;
    values[5] = timers.To;
    values[6] = timers.Td;
    values[7] = timers.Ta;
    for (let i = 0; i < values.length; i++)
      line.ready(TIMERS[i] as ReadyText).milliseconds(values[i] as number);
  }
}

// What stands between the values of a line.
const TIME = new ReadyText(`{"level":${INFO},"time":`);
const CLIENT = new ReadyText('","client":"');
const USER = new ReadyText(',"user":');
const METHOD = new ReadyText(',"method":"');
const AUTHORITY = new ReadyText('","host":');
const TARGET = new ReadyText(',"target":');
const VERSION = new ReadyText(',"http":"1.');
const STATUS = new ReadyText('","status":');
const CLASS = new ReadyText(',"class":"');
const RULE = new ReadyText(',"rule":');
const POOL = new ReadyText(',"pool":"');
const SERVER = new ReadyText('","server":"');
const SEED = new ReadyText('","seed":');
const GENERATION = new ReadyText(',"generation":');
const ATTEMPTS = new ReadyText(',"attempts":');
const BYTES_IN = new ReadyText(',"bytesIn":');
const BYTES_OUT = new ReadyText(',"bytesOut":');
const ENDED = new ReadyText(',"ended":"');
const END = new ReadyText('"}\n');
const TIMERS = [',"TR":', ',"Tk":', ',"Tw":', ',"Tc":', ',"Tr":', ',"To":', ',"Td":', ',"Ta":'].map(
  (text) => new ReadyText(text),
);

/** A text as JSON of ASCII. */
function jsonOf(text: string): string {
  const escapeOf = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[^ -~]/g, escapeOf);
}

const STDOUT = 1;
const LF = 0x0a;

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
