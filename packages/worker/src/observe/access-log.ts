import { HEAD_FLAG } from "@shunt/core";
import pino from "pino";
import type { Exchange } from "../track/exchange.ts";
import { timersOf } from "../track/timers.ts";

/** pino's number of the level "info": these lines are of its format. */
const INFO = 30;
/** Lines are written in blocks of about this size, or when the wheel says that they have waited long enough. */
const BLOCK_BYTES = 65_536;
/** What may wait for a sink that does not take it; beyond, whole lines are dropped and counted. */
const WAITING_BYTES = 4_194_304;

type Destination = ReturnType<typeof pino.destination>;

/**
 * One JSON line per exchange, through pino's destination. The line is put together here and not by pino: with twenty
 * fields that is a third of the time, for every request. A sink that blocks drops whole lines; it never blocks the loop.
 */
export class AccessLog {
  dropped = 0;
  readonly #destination: Destination | undefined;
  readonly #acceptor: string;

  /** `sink`: "stdout", "off", or a file's path. */
  constructor(sink: string, acceptor: string) {
    this.#acceptor = JSON.stringify(acceptor);
    if (sink === "off") return;
    const destination = pino.destination({
      dest: sink === "stdout" ? 1 : sink,
      sync: false,
      mkdir: true,
      minLength: BLOCK_BYTES,
      maxWrite: BLOCK_BYTES * 2,
      maxLength: WAITING_BYTES,
    });
    destination.on("drop", () => this.dropped++);
    destination.on("error", () => this.dropped++);
    this.#destination = destination;
  }

  write(exchange: Exchange, id: string, now: number): void {
    this.#destination?.write(this.#line(exchange, id, now));
  }

  flush(): void {
    this.#destination?.flush();
  }

  /** After a rotation: goes on in a new file of the same name. */
  reopen(): void {
    this.#destination?.reopen();
  }

  close(): Promise<void> {
    const destination = this.#destination;
    if (destination === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      destination.once("close", () => resolve());
      destination.once("error", () => resolve());
      destination.end();
    });
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
    if (cls !== undefined) line += `,"class":${JSON.stringify(cls)}`;
    if (rule !== undefined) line += `,"rule":${JSON.stringify(rule)}`;
    if (attempt !== undefined) {
      line += `,"pool":${JSON.stringify(attempt.backend.pool)},"server":${JSON.stringify(attempt.backend.name)}`;
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
