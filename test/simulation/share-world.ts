/**
 * A cluster with one limit, in simulated time: real ledgers of leaders that follow each other, real shares of acceptors, and
 * between them a network that delays, loses and reorders. Acceptors stop and go on, die and come anew; every clock has its
 * own beginning and its own rate. All chance comes from one seed.
 */

import type { SharePublication, ShareReport } from "../../packages/core/src/contract/messages.ts";
import { below, fraction, SeedSequence } from "../../packages/core/src/random.ts";
import { LEASE_SURELY_ENDED_MS } from "../../packages/core/src/shares/lease.ts";
import { Ledger } from "../../packages/core/src/shares/ledger.ts";
import type { LimitedPool } from "../../packages/core/src/shares/limits.ts";
import { type Share, Shares } from "../../packages/worker/src/select/shares.ts";
import { EventQueue } from "./event-queue.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly acceptors: number;
  readonly limit: number;
  readonly durationMs: number;
  /** Of a message, at most; drawn evenly for each, so that they overtake each other. */
  readonly delayMs: number;
  /** Part of the messages that never arrive. */
  readonly lost: number;
  /** Clocks run faster or slower by up to this part. */
  readonly drift: number;
  /** How often, per acceptor and second: it stops for up to `pauseMs`, it dies and another comes. */
  readonly pauses: number;
  readonly deaths: number;
  readonly pauseMs: number;
  /** How often, per second, another leader comes; after up to `leaderlessMs` without one. */
  readonly leaders: number;
  readonly leaderlessMs: number;
  /** The second leader does not know under which term the first one led. */
  readonly termIsLost: boolean;
  /** Mean time between two requests at acceptor `index`, and how long a server works on one, at most. */
  readonly requestEveryMs: (index: number) => number;
  readonly serviceMs: number;
}

export const CALM: Omit<WorldOptions, "acceptors" | "limit"> = {
  seed: 1,
  durationMs: 20_000,
  delayMs: 5,
  lost: 0,
  drift: 0,
  pauses: 0,
  deaths: 0,
  pauseMs: 0,
  leaders: 0,
  leaderlessMs: 0,
  termIsLost: false,
  requestEveryMs: () => 10,
  serviceMs: 20,
};

export interface Outcome {
  /** The most requests that ran at once, those left aside that were left behind; and those with them. */
  most: number;
  mostInAll: number;
  /** Requests that started, by acceptor; and those that were refused. */
  readonly started: number[];
  readonly refused: number[];
  /** Mean of what ran at once, of the second half. */
  use: number;
  /** Grants that moved a share, in the second half, and not those that renew alone. */
  moves: number;
  /** Longest time in which nothing was started, by acceptor, of the second half. */
  readonly longestIdleMs: number[];
}

interface Running {
  readonly acceptor: Acceptor;
  /** Whoever fell silent for a lease while it ran has left it behind. */
  leftBehind: boolean;
}

interface Acceptor {
  readonly index: number;
  readonly name: string;
  readonly shares: Shares;
  readonly share: Share;
  readonly clock: (t: number) => number;
  readonly running: Set<Running>;
  report: number;
  pausedUntil: number;
  alive: boolean;
  /** By the leader's clock; when it began to lead, if it has not heard him since. */
  heardAt: number;
  heardReport: number;
  startedAt: number;
}

interface Leader {
  readonly ledger: Ledger;
  readonly clock: (t: number) => number;
  readonly term: number;
}

type Event =
  | { readonly kind: "request"; readonly acceptor: Acceptor }
  | { readonly kind: "done"; readonly running: Running }
  | { readonly kind: "report"; readonly acceptor: Acceptor }
  | {
      readonly kind: "heard";
      readonly acceptor: Acceptor;
      readonly seq: number;
      readonly report: ShareReport;
    }
  | { readonly kind: "granted"; readonly acceptor: Acceptor; readonly grants: SharePublication }
  | { readonly kind: "tick" }
  | { readonly kind: "trouble" }
  | { readonly kind: "leader"; readonly term: number };

const LIMITED = "pool/server";
const REPORT_MS = 100;
const TICK_MS = 100;

export function play(options: WorldOptions): Outcome {
  return new World(options).run();
}

class World {
  readonly #options: WorldOptions;
  readonly #chance: SeedSequence;
  readonly #events = new EventQueue<Event>();
  readonly #acceptors: Acceptor[] = [];
  readonly #running = new Set<Running>();
  readonly #outcome: Outcome;
  #leader: Leader | undefined;
  #terms = 0;
  #now = 0;
  #lives = 0;
  #integral = 0;
  #told = "";

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#chance = new SeedSequence(options.seed);
    const none = (): number[] => new Array<number>(options.acceptors).fill(0);
    this.#outcome = {
      most: 0,
      mostInAll: 0,
      started: none(),
      refused: none(),
      use: 0,
      moves: 0,
      longestIdleMs: none(),
    };
  }

  run(): Outcome {
    const { acceptors, durationMs } = this.#options;
    for (let index = 0; index < acceptors; index++) this.#acceptors.push(this.#comes(index));
    this.#lead(5);
    this.#events.add(TICK_MS, { kind: "tick" });
    this.#events.add(this.#draw(REPORT_MS), { kind: "trouble" });
    for (
      let next = this.#events.next();
      next !== undefined && next.at < durationMs;
      next = this.#events.next()
    ) {
      if (this.#now >= durationMs / 2) this.#integral += this.#running.size * (next.at - this.#now);
      this.#now = next.at;
      this.#leaveBehind();
      this.#happens(next.event);
    }
    this.#outcome.use = this.#integral / (durationMs / 2);
    for (const acceptor of this.#acceptors) this.#noteIdle(acceptor);
    return this.#outcome;
  }

  #happens(event: Event): void {
    switch (event.kind) {
      case "request":
        this.#request(event.acceptor);
        break;
      case "done":
        this.#done(event.running);
        break;
      case "report":
        this.#report(event.acceptor);
        break;
      case "heard":
        this.#heard(event.acceptor, event.seq, event.report);
        break;
      case "granted":
        this.#granted(event.acceptor, event);
        break;
      case "tick":
        this.#tick();
        break;
      case "trouble":
        this.#trouble();
        break;
      case "leader":
        this.#lead(event.term);
        break;
      default:
        event satisfies never;
    }
  }

  #comes(index: number): Acceptor {
    const name = `a${index}-${this.#lives++}`;
    const shares = new Shares(name);
    const share = shares.of(LIMITED);
    shares.adopt([POOL]);
    const acceptor: Acceptor = {
      index,
      name,
      shares,
      share,
      clock: this.#clock(),
      running: new Set(),
      report: this.#chance.next(),
      pausedUntil: 0,
      alive: true,
      heardAt: this.#leader?.clock(this.#now) ?? 0,
      heardReport: -1,
      startedAt: this.#now,
    };
    this.#events.add(this.#now + this.#draw(REPORT_MS), { kind: "report", acceptor });
    this.#events.add(this.#now + this.#draw(10), { kind: "request", acceptor });
    return acceptor;
  }

  /** Returns false, and has the event happen later, while the acceptor is stopped; one that is dead does nothing more. */
  #acts(event: Event & { readonly acceptor: Acceptor }): boolean {
    const { alive, pausedUntil } = event.acceptor;
    if (alive && pausedUntil > this.#now) this.#events.add(pausedUntil, event);
    return alive && pausedUntil <= this.#now;
  }

  #request(acceptor: Acceptor): void {
    if (!this.#acts({ kind: "request", acceptor })) return;
    const { index, shares, share, clock, running } = acceptor;
    shares.expire(clock(this.#now));
    if (share.room > 0) {
      const request: Running = { acceptor, leftBehind: false };
      share.outstanding++;
      running.add(request);
      this.#running.add(request);
      this.#events.add(this.#now + 1 + this.#draw(this.#options.serviceMs), {
        kind: "done",
        running: request,
      });
      (this.#outcome.started[index] as number) += 1;
      this.#noteIdle(acceptor);
      acceptor.startedAt = this.#now;
      this.#look();
    } else {
      share.refuse();
      (this.#outcome.refused[index] as number) += 1;
    }
    const every = this.#options.requestEveryMs(index);
    this.#events.add(this.#now + 2 * this.#draw(every), { kind: "request", acceptor });
  }

  #noteIdle({ index, startedAt }: Acceptor): void {
    const { longestIdleMs } = this.#outcome;
    const from = Math.max(startedAt, this.#options.durationMs / 2);
    longestIdleMs[index] = Math.max(longestIdleMs[index] as number, this.#now - from);
  }

  #look(): void {
    let counted = 0;
    for (const { leftBehind } of this.#running) if (!leftBehind) counted++;
    this.#outcome.most = Math.max(this.#outcome.most, counted);
    this.#outcome.mostInAll = Math.max(this.#outcome.mostInAll, this.#running.size);
  }

  /** The server is done; an acceptor that is stopped sees that when it goes on. */
  #done(running: Running): void {
    const { acceptor } = running;
    this.#running.delete(running);
    if (acceptor.pausedUntil > this.#now) this.#events.add(acceptor.pausedUntil, { kind: "done", running });
    else {
      acceptor.running.delete(running);
      acceptor.share.outstanding--;
    }
  }

  #report(acceptor: Acceptor): void {
    if (!this.#acts({ kind: "report", acceptor })) return;
    const seq = ++acceptor.report;
    const report = acceptor.shares.report(seq, acceptor.clock(this.#now));
    this.#sends({ kind: "heard", acceptor, seq, report });
    this.#events.add(this.#now + REPORT_MS, { kind: "report", acceptor });
  }

  #heard(acceptor: Acceptor, seq: number, report: ShareReport): void {
    if (this.#leader === undefined) return;
    const { ledger, clock } = this.#leader;
    const now = clock(this.#now);
    // One that was overtaken is no sign of life.
    if (seq > acceptor.heardReport) {
      acceptor.heardReport = seq;
      acceptor.heardAt = now;
    }
    ledger.heard(acceptor.name, seq, report, now);
  }

  #granted(acceptor: Acceptor, event: Extract<Event, { kind: "granted" }>): void {
    if (this.#acts(event)) acceptor.shares.apply(event.grants, acceptor.clock(this.#now));
  }

  #tick(): void {
    this.#events.add(this.#now + TICK_MS, { kind: "tick" });
    if (this.#leader === undefined) return;
    const { ledger, clock } = this.#leader;
    const grants = ledger.next(new Map([[LIMITED, this.#options.limit]]), clock(this.#now));
    if (grants === undefined) return;
    const told = JSON.stringify(Object.values(grants.grants).map(({ shares }) => shares));
    if (told !== this.#told && this.#now > this.#options.durationMs / 2) this.#outcome.moves++;
    this.#told = told;
    for (const acceptor of this.#acceptors) this.#sends({ kind: "granted", acceptor, grants });
  }

  #sends(event: Event): void {
    if (this.#happensAt(this.#options.lost)) return;
    this.#events.add(this.#now + this.#draw(this.#options.delayMs), event);
  }

  /** What happens to acceptors and leaders, looked at ten times a second. */
  #trouble(): void {
    const { pauses, deaths, leaders, pauseMs, leaderlessMs } = this.#options;
    this.#events.add(this.#now + 100, { kind: "trouble" });
    for (const acceptor of [...this.#acceptors]) {
      if (acceptor.pausedUntil <= this.#now && this.#happensAt(pauses / 10))
        acceptor.pausedUntil = this.#now + this.#draw(pauseMs);
      if (this.#happensAt(deaths / 10)) this.#dies(acceptor);
    }
    if (this.#leader !== undefined && this.#happensAt(leaders / 10)) {
      const lost = this.#options.termIsLost && this.#terms === 1;
      const term = lost ? 0 : this.#leader.term + 10;
      this.#leader = undefined;
      this.#events.add(this.#now + this.#draw(leaderlessMs), { kind: "leader", term });
    }
  }

  #dies(acceptor: Acceptor): void {
    acceptor.alive = false;
    this.#acceptors[acceptor.index] = this.#comes(acceptor.index);
  }

  #lead(term: number): void {
    this.#terms++;
    const clock = this.#clock();
    const now = clock(this.#now);
    this.#leader = { ledger: new Ledger(term, now), clock, term };
    for (const { acceptor } of this.#running) acceptor.heardAt = now;
    for (const acceptor of this.#acceptors) acceptor.heardAt = now;
  }

  #leaveBehind(): void {
    if (this.#leader === undefined) return;
    const now = this.#leader.clock(this.#now);
    for (const running of this.#running)
      if (now - running.acceptor.heardAt >= LEASE_SURELY_ENDED_MS) running.leftBehind = true;
  }

  #clock(): (t: number) => number {
    const offset = this.#draw(1e6);
    const rate = 1 + (this.#draw(2) - 1) * this.#options.drift;
    return (t) => offset + t * rate;
  }

  #draw(most: number): number {
    return fraction(this.#chance.next()) * most;
  }

  #happensAt(part: number): boolean {
    return part > 0 && below(this.#chance.next(), 1_000_000) < part * 1_000_000;
  }
}

const POOL: LimitedPool = {
  name: "pool",
  servers: [{ name: "server", limit: { outstanding: 1, scope: "cluster" } }],
};
