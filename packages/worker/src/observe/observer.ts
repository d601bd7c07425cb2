import { type Failure, FIXED, METHOD, REFUSALS, type Refusal, Verdict } from "@shunt/core";
import type { Logger } from "pino";
import type { Backend } from "../connect/backend.ts";
import type { HealthWatcher } from "../select/pool-health.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";
import type { Recorder } from "../track/recorder.ts";
import type { AccessLog } from "./access-log.ts";
import { Counters } from "./counters.ts";
import { escaped } from "./escaped.ts";
import { RefusedConnections } from "./refused-connections.ts";

/** What is told to people about exchanges: counters, the access log, recent exchanges, and lines about trouble. */
export class Observer implements HealthWatcher {
  readonly counters = new Counters();
  readonly refusedConnections: RefusedConnections;
  readonly #log: Logger;
  readonly #access: AccessLog;
  readonly #recorder: Recorder;
  readonly #clock: () => number;
  #second = 0;
  #lines = 0;
  #unlogged = 0;

  constructor(log: Logger, access: AccessLog, recorder: Recorder, clock: () => number) {
    this.#log = log;
    this.#access = access;
    this.#recorder = recorder;
    this.#clock = clock;
    this.refusedConnections = new RefusedConnections(this.counters.connectionsRefused, log, clock);
  }

  settled(exchange: Exchange): void {
    const now = this.#clock();
    const { counters } = this;
    counters.exchangesSettled++;
    counters.bytesIn += exchange.bytesIn;
    counters.bytesOut += exchange.bytesOut;
    counters.observeDuration(now - exchange.beganAt);
    const { name } = exchange.snapshot.config.classes[exchange.class] ?? { name: "none" };
    Counters.add(counters.requestsByClass, exchange.refusal === 0 ? name : "refused");
    Counters.add(counters.responsesByStatus, STATUS_TEXT[exchange.status] ?? "other");
    if (exchange.attempt?.spilled) counters.spills++;
    this.#access.write(exchange, exchange.id, now);
    this.#recorder.remember(exchange, exchange.id, now);
  }

  /** A request was refused: which rule, and the octets where the offence lies. */
  refused(exchange: Exchange, octets: Buffer, at: number): void {
    const { rule, status, source } = REFUSALS[exchange.refusal] as Refusal;
    const { client } = exchange;
    Counters.add(this.counters.refusalsByRule, rule);
    if (!this.#mayLog()) return;
    const from = Math.max(0, at - FIXED.shownOctets);
    const shown = escaped(octets.subarray(from, at + FIXED.shownOctets));
    this.#log.warn(
      { client: client.address.text, rule, status, source, octet: at, octets: shown },
      "request refused",
    );
  }

  attemptFailed(attempt: Attempt, failure: Failure, detail: string, ejected: boolean): void {
    Counters.add(this.counters.failuresByCode, failure.code);
    const { pool, name: server } = attempt.backend;
    if (ejected) this.ejected(attempt.backend);
    if (!this.#mayLog()) return;
    this.#log.warn({ pool, server, code: failure.code, detail, id: attempt.exchange.id }, "attempt failed");
  }

  ejected({ pool, name: server, health }: Backend): void {
    const { cause } = health.ejection;
    Counters.add(this.counters.ejectionsByCause, cause);
    this.#log.warn({ pool, server, cause, reason: health.ejectedFor }, "server ejected");
  }

  /** Active checks have changed their mind about a server. */
  judged({ pool, name: server, health }: Backend): void {
    if (health.healthy) this.#log.info({ pool, server }, "server healthy");
    else this.#log.warn({ pool, server, reason: health.unhealthyFor }, "server unhealthy");
  }

  panic(pool: string, isPanic: boolean): void {
    if (isPanic) this.#log.warn({ pool }, "too few servers are available: all that are ready get requests");
    else this.#log.info({ pool }, "enough servers are available again");
  }

  revived(backend: Backend): void {
    this.#log.info({ pool: backend.pool, server: backend.name }, "server answers again");
  }

  /** A client was cut that did not read; `waiting`: octets that it had not taken. */
  cutReader(client: string, waiting: number): void {
    this.counters.slowReadersCut++;
    if (this.#mayLog()) this.#log.warn({ client, waiting }, "client cut that does not read");
  }

  closedIdle(backend: Backend, reason: string): void {
    this.#log.debug({ pool: backend.pool, server: backend.name, reason }, "idle server connection closed");
    if (reason === "unsolicited octets") Counters.add(this.counters.failuresByCode, "unsolicited_response");
  }

  /** A verdict for what cannot be judged: there is no head of which anything is known. */
  verdictOf(refusal: number): Verdict {
    const verdict = new Verdict();
    verdict.refusal = refusal;
    verdict.method = METHOD.NONE;
    verdict.class = -1;
    return verdict;
  }

  #mayLog(): boolean {
    const second = Math.floor(this.#clock() / 1_000);
    if (second !== this.#second) {
      if (this.#unlogged > 0) this.#log.warn({ lines: this.#unlogged }, "lines left out in the last second");
      this.#second = second;
      this.#lines = 0;
      this.#unlogged = 0;
    }
    if (this.#lines++ < FIXED.logLinesPerSecond) return true;
    this.#unlogged++;
    return false;
  }
}

/** Texts of the statuses, so that none is made per request. */
const STATUS_TEXT: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));
