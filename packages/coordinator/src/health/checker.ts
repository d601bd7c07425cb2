import {
  afterCheck,
  afterFirstCheck,
  type CheckResult,
  type CheckState,
  type DataPlaneConfig,
  FIXED,
  type Publication,
  type ServerHealth,
  UNCHECKED,
} from "@shunt/core";
import type { Logger } from "pino";
import type { Duty } from "../leadership/duty.ts";
import { type CheckedServer, check } from "./check.ts";
import { CheckQueue } from "./check-queue.ts";

/** How often the configuration is looked at: whoever changes it need not know of checks. */
const LOOK_EVERY_MS = 100;
/** Changes that come together are told together: the whole table goes to every acceptor. */
const TELL_AFTER_MS = 20;

export type HealthPublication = Extract<Publication, { readonly kind: "health" }>;

export interface HealthCheckerOptions {
  /** What holds now; another object when it changes. */
  readonly config: () => DataPlaneConfig;
  readonly publish: (health: HealthPublication) => void;
  /** What the last leader has published, as far as known. */
  readonly known: () => readonly ServerHealth[];
  readonly log: Logger;
  /** Tests put others in their places. */
  readonly check?: (server: CheckedServer) => Promise<CheckResult>;
  readonly random?: () => number;
}

/** A server that is checked. */
interface Checked {
  readonly id: string;
  readonly server: CheckedServer;
  /** All that a check depends on: another text is another server. */
  readonly key: string;
  state: CheckState;
  /** Acceptors have been told, or can be; until then they go by what they know. */
  known: boolean;
  /** It was added while this coordinator leads, and not checked yet. */
  isNew: boolean;
  /** When the check that is planned, or made, was due. */
  dueAt: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Active checks, made by whoever leads: one for each server and interval, for the whole cluster. A new leader begins with
 * the table of the last one, and says nothing of servers of which it knows nothing: so a change of leader, or a restart of
 * the only coordinator, changes nothing by itself.
 */
export class HealthChecker implements Duty {
  readonly #options: HealthCheckerOptions;
  readonly #check: (server: CheckedServer) => Promise<CheckResult>;
  readonly #random: () => number;
  readonly #queue = new CheckQueue(FIXED.checksAtOnce);
  #servers = new Map<string, Checked>();
  #config: DataPlaneConfig | undefined;
  #looker: NodeJS.Timeout | undefined;
  #teller: NodeJS.Timeout | undefined;
  /** Checks ever made, by how they ended. */
  readonly counts = { passed: 0, failed: 0 };

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
    this.#check = options.check ?? check;
    this.#random = options.random ?? Math.random;
  }

  /** What is known now of the servers that are checked. */
  get table(): readonly ServerHealth[] {
    return [...this.#servers.values()]
      .filter(({ known }) => known)
      .map(({ id, state: { healthy, reason } }) => ({ server: id, healthy, reason }));
  }

  start(_term: number): void {
    const known = new Map(this.#options.known().map((health) => [health.server, health]));
    this.#config = this.#options.config();
    for (const target of targetsOf(this.#config)) {
      const told = known.get(target.id);
      const state =
        told === undefined ? UNCHECKED : { healthy: told.healthy, against: 0, reason: told.reason };
      const isKnown = told !== undefined;
      const checked: Checked = {
        ...target,
        state,
        known: isKnown,
        isNew: false,
        dueAt: 0,
        timer: undefined,
      };
      this.#servers.set(target.id, checked);
      // Spread over one interval: whoever leads 10,000 servers need not ask all of them at once.
      this.#plan(checked, performance.now() + this.#random() * target.server.active.intervalMs);
    }
    this.#looker = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#tell();
  }

  stop(): void {
    clearInterval(this.#looker);
    clearTimeout(this.#teller);
    this.#teller = undefined;
    for (const { timer } of this.#servers.values()) clearTimeout(timer);
    this.#servers = new Map();
    this.#queue.clear();
  }

  /** Takes up what the configuration says now, at once. */
  #look(): void {
    const config = this.#options.config();
    if (config === this.#config) return;
    this.#config = config;
    const before = this.#servers;
    this.#servers = new Map();
    for (const target of targetsOf(config)) {
      const same = before.get(target.id);
      if (same?.key === target.key) this.#servers.set(target.id, same);
      else this.#begin(target, same);
    }
    for (const gone of before.values()) if (this.#servers.get(gone.id) !== gone) clearTimeout(gone.timer);
    this.#tell();
  }

  /** `before`: the same name, checked in another way, or at another address. */
  #begin(target: Target, before: Checked | undefined): void {
    const isSame = before !== undefined && addressOf(before.server) === addressOf(target.server);
    const checked: Checked = {
      ...target,
      state: isSame ? { ...before.state, against: 0 } : UNCHECKED,
      known: isSame && before.known,
      // It is taken for healthy until its first check, and then that one decides.
      isNew: !isSame,
      dueAt: 0,
      timer: undefined,
    };
    this.#servers.set(target.id, checked);
    this.#plan(checked, performance.now());
  }

  #plan(checked: Checked, dueAt: number): void {
    checked.dueAt = dueAt;
    const delay = Math.max(0, dueAt - performance.now());
    checked.timer = setTimeout(() => this.#queue.add(() => this.#make(checked)), delay);
  }

  #isCurrent(checked: Checked): boolean {
    return this.#servers.get(checked.id) === checked;
  }

  async #make(checked: Checked): Promise<void> {
    if (!this.#isCurrent(checked)) return;
    const result = await this.#check(checked.server);
    if (!this.#isCurrent(checked)) return;
    this.counts[result.passed ? "passed" : "failed"]++;
    this.#take(checked, result);
    const { intervalMs, jitterPercent } = checked.server.active;
    const jitter = 1 + ((2 * this.#random() - 1) * jitterPercent) / 100;
    // From the beginning of one to that of the next; who is late already does not catch up.
    this.#plan(checked, Math.max(checked.dueAt + intervalMs * jitter, performance.now()));
  }

  #take(checked: Checked, result: CheckResult): void {
    const before = checked.state;
    checked.state = checked.isNew
      ? afterFirstCheck(result)
      : afterCheck(before, result, checked.server.active);
    checked.isNew = false;
    const { healthy, reason } = checked.state;
    if (healthy !== before.healthy) {
      const { log } = this.#options;
      if (healthy) log.info({ server: checked.id, reason }, "server healthy");
      else log.warn({ server: checked.id, reason }, "server unhealthy");
    } else if (checked.known || !result.passed) return;
    checked.known = true;
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#teller ??= setTimeout(() => this.#tell(), TELL_AFTER_MS);
  }

  #tell(): void {
    clearTimeout(this.#teller);
    this.#teller = undefined;
    this.#options.publish({ kind: "health", servers: this.table });
  }
}

type Target = Pick<Checked, "id" | "server" | "key">;

/** What is to be checked. Of a server in maintenance nobody wants to know. */
function targetsOf({ pools }: DataPlaneConfig): Target[] {
  return pools.flatMap(({ name, servers, proxyProtocol, health: { active } }) =>
    active === undefined
      ? []
      : servers
          .filter(({ state }) => state !== "maintenance")
          .map(({ name: server, host, port, authority }) => {
            const checked = { host, port, authority, proxyProtocol, active };
            return { id: `${name}/${server}`, server: checked, key: JSON.stringify(checked) };
          }),
  );
}

function addressOf({ host, port }: CheckedServer): string {
  return `${host}:${port}`;
}
