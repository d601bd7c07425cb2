import { hostname } from "node:os";
import type { LogLevel } from "@shunt/core";

type Level = "debug" | "info" | "warn" | "error";
type Fields = Readonly<Record<string, unknown>>;

/** The numbers and fields of pino, so that one reader reads all of Shunt's log; the library stays outside. */
const SEVERITY = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const satisfies Record<
  LogLevel,
  number
>;

export class Log {
  #threshold: number;
  readonly #write: (line: string) => void;
  readonly #base = { pid: process.pid, hostname: hostname(), name: "supervisor" };

  constructor(level: LogLevel, write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.#threshold = SEVERITY[level];
    this.#write = write;
  }

  set level(level: LogLevel) {
    this.#threshold = SEVERITY[level];
  }

  info(fields: Fields, msg: string): void {
    this.#line("info", fields, msg);
  }

  warn(fields: Fields, msg: string): void {
    this.#line("warn", fields, msg);
  }

  error(fields: Fields, msg: string): void {
    this.#line("error", fields, msg);
  }

  #line(level: Level, fields: Fields, msg: string): void {
    if (SEVERITY[level] < this.#threshold) return;
    this.#write(
      `${JSON.stringify({ level: SEVERITY[level], time: Date.now(), ...this.#base, ...fields, msg })}\n`,
    );
  }
}
