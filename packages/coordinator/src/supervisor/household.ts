import type { Log } from "./log.ts";
import { startTimeOf } from "./start-time.ts";
import { readText, writeAtomically } from "./state-directory.ts";

/** A process that serves for a state directory. Its pid counts only together with its start time. */
export interface Member {
  readonly role: "acceptor" | "coordinator";
  readonly pid: number;
  readonly startTime: string;
  /** What it listens on, as `host:port`. */
  readonly addresses: readonly string[];
}

/**
 * Who belongs to the state directory, written down so that the next supervisor finds those whom a dead one has
 * left behind: acceptors that serve on, and their coordinator.
 */
export class Household {
  readonly #path: string;
  readonly #log: Log;
  /** Of a former supervisor, still alive when this one started. */
  readonly orphans: readonly Member[];
  #own: Member[] = [];

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    this.orphans = readMembers(path).filter(isAlive);
    this.#write();
  }

  add(role: Member["role"], pid: number, addresses: readonly string[]): void {
    const startTime = startTimeOf(pid);
    // Dead already: its exit is reported by whoever waits for it.
    if (startTime === undefined) return;
    this.#own.push({ role, pid, startTime, addresses });
    this.#write();
  }

  remove(pid: number): void {
    this.#own = this.#own.filter((member) => member.pid !== pid);
    this.#write();
  }

  /** A file that cannot be written costs the next supervisor its memory, and this one nothing. */
  #write(): void {
    try {
      const members = [...this.orphans.filter(isAlive), ...this.#own];
      writeAtomically(this.#path, `${JSON.stringify(members, undefined, 2)}\n`);
    } catch (error) {
      this.#log.error({ reason: String(error), path: this.#path }, "cannot write down who belongs here");
    }
  }
}

export function isAlive(member: Member): boolean {
  return startTimeOf(member.pid) === member.startTime;
}

function readMembers(path: string): Member[] {
  try {
    const value: unknown = JSON.parse(readText(path) ?? "[]");
    return Array.isArray(value) ? value.filter(isMember) : [];
  } catch {
    // Cut short by a full disk, or edited by hand: then nobody is known to be left.
    return [];
  }
}

function isMember(value: unknown): value is Member {
  if (typeof value !== "object" || value === null) return false;
  const { role, pid, startTime, addresses } = value as Record<string, unknown>;
  return (
    (role === "acceptor" || role === "coordinator") &&
    Number.isSafeInteger(pid) &&
    Number(pid) > 1 &&
    typeof startTime === "string" &&
    Array.isArray(addresses) &&
    addresses.every((address) => typeof address === "string")
  );
}
