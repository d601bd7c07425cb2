import {
  admits,
  advanced,
  answered,
  countsAgainstServer,
  DEFAULT_HEALTH,
  type Ejection,
  FAILURE,
  type Failure,
  failed,
  foundOutlier,
  type Judged,
  looksForOutliers,
  newEjection,
  OutcomeWindow,
  type Outlier,
  outlierOf,
  type ResolvedHealth,
  requested,
  type ServerHealth,
  type ServerState,
  slowAboveMs,
  slowStartShare,
} from "@shunt/core";

/** Statuses from here on are the server's own failures (RFC 9110 section 15.6). */
export const FIRST_ERROR = 500;

/** What speaks for and against sending requests to one server, besides its load; as this acceptor sees it. */
export class BackendHealth implements Judged {
  state: ServerState;
  options: ResolvedHealth = DEFAULT_HEALTH;
  ejection: Ejection;
  healthy = true;
  /** In words, why it is not healthy; undefined while it is, or nobody checks. */
  unhealthyFor: string | undefined = undefined;
  /** So few servers of the pool are available that all get requests. */
  panic = false;
  #window: OutcomeWindow | undefined = undefined;
  #ejectedFor = "";
  /** When it became available: its slow start begins there. */
  #availableSince = Number.NEGATIVE_INFINITY;
  /** Answers that take longer are slow ones, as the pool was when it was looked at last. */
  #slowAboveMs = Number.POSITIVE_INFINITY;

  constructor(state: ServerState, now: number) {
    this.state = state;
    this.ejection = newEjection(now);
  }

  /** It was not there before. */
  startSlowly(now: number): void {
    this.#availableSince = now;
  }

  /** What a later snapshot says. */
  update(state: ServerState, options: ResolvedHealth, now: number): void {
    if (state === "ready" && this.state !== "ready") this.#availableSince = now;
    this.state = state;
    const before = this.options;
    this.options = options;
    const looks = looksForOutliers(options.passive);
    if (looks !== (this.#window !== undefined) || before.passive.windowMs !== options.passive.windowMs)
      this.#window = windowFor(options);
  }

  /** What active checks find; undefined where there are none, or nobody has told. Returns whether it changed sides. */
  toldBy(check: ServerHealth | undefined, now: number): boolean {
    const healthy = check?.healthy ?? true;
    this.unhealthyFor = healthy ? undefined : check?.reason;
    if (healthy === this.healthy) return false;
    this.healthy = healthy;
    if (healthy) this.#availableSince = now;
    return true;
  }

  /** Lets time pass. */
  advance(now: number): void {
    this.ejection = advanced(this.ejection, now);
  }

  /** Whether it may get any request. */
  takes(now: number): boolean {
    return this.state === "ready" && (this.panic || this.#admits(now));
  }

  /** Whether it may get one of a client that it holds something for: a server in drain keeps those. */
  takesBound(now: number): boolean {
    return this.takes(now) || (this.state === "drain" && this.#admits(now));
  }

  /** The part of its weight that it counts for. */
  shareAt(now: number): number {
    return slowStartShare(now - this.#availableSince, this.options.slowStartMs);
  }

  /** Nothing will change by time alone. */
  isSettled(now: number): boolean {
    return this.ejection.state === "alive" && this.healthy && !this.panic && this.shareAt(now) === 1;
  }

  /** In words; undefined while it is not ejected. */
  get ejectedFor(): string | undefined {
    switch (this.ejection.state) {
      case "alive":
        return undefined;
      case "ejected":
        return this.#ejectedFor;
      case "probing":
        return `${this.#ejectedFor}; is probed`;
      default:
        return this.ejection.state satisfies never;
    }
  }

  requested(now: number): void {
    this.ejection = requested(this.ejection, now, this.options.passive);
  }

  /** A well-formed head of a response came. Returns whether it revived the server. */
  answered(startedAt: number, tookMs: number, status: number, now: number): boolean {
    const before = this.ejection;
    if (before.state === "alive" && startedAt >= before.since)
      this.#window?.answered(now, tookMs, status >= FIRST_ERROR);
    if (before.state === "probing" && this.#isWhatItWasEjectedFor(status, tookMs))
      this.#failed(startedAt, now, true);
    else this.ejection = answered(before, startedAt, now);
    const revived = before.state === "probing" && this.ejection.state === "alive";
    if (revived) this.#revived(now);
    return revived;
  }

  /** An attempt failed. Returns whether the server was ejected for it; one that is probed in vain stays so. */
  failed(failure: Failure, startedAt: number, now: number, mayBeEjected: boolean): boolean {
    const before = this.ejection;
    if (before.state === "alive" && startedAt >= before.since) this.#count(failure, now);
    if (!countsAgainstServer(failure.code) && !this.#isWhatItWasProbedFor(failure)) return false;
    this.#failed(startedAt, now, mayBeEjected);
    const ejected = before.state === "alive" && this.ejection.state === "ejected";
    if (ejected) this.#ejectedFor = `${before.failures + 1} failures in a row, at last: ${failure.text}`;
    return ejected;
  }

  /** Its outcomes, if they count and are looked at now. */
  get window(): OutcomeWindow | undefined {
    return this.state === "ready" && this.ejection.state === "alive" ? this.#window : undefined;
  }

  /** What makes it an outlier among servers that take `medianMs` for an answer; undefined when nothing does. */
  outlier(medianMs: number, now: number): Outlier | undefined {
    const { passive } = this.options;
    this.#slowAboveMs = slowAboveMs(medianMs, passive);
    const { window } = this;
    return window === undefined ? undefined : outlierOf(window, medianMs, passive, now);
  }

  eject({ cause, reason }: Outlier, now: number): void {
    this.ejection = foundOutlier(this.ejection, cause, now, this.options.passive);
    this.#ejectedFor = reason;
  }

  #admits(now: number): boolean {
    return this.healthy && admits(this.ejection, now);
  }

  #failed(startedAt: number, now: number, mayBeEjected: boolean): void {
    const { ejection, options } = this;
    const cause = ejection.state === "alive" ? "failures" : ejection.cause;
    this.ejection = failed(ejection, startedAt, now, options.passive, mayBeEjected, cause);
  }

  #revived(now: number): void {
    this.#availableSince = now;
    this.#window?.clear();
  }

  #count(failure: Failure, now: number): void {
    // Behind the head of an answer the request is counted already.
    const first = failure !== FAILURE.RESPONSE_INCOMPLETE && failure !== FAILURE.BODY_TIMEOUT;
    if (failure.code === FAILURE.RESPONSE_TIMEOUT.code) this.#window?.timedOut(now, first);
    else if (failure.origin === "server") this.#window?.brokeOff(now, first);
  }

  /** The answer to a probe may show that nothing has become better. */
  #isWhatItWasEjectedFor(status: number, tookMs: number): boolean {
    const { cause } = this.ejection;
    return (
      (cause === "errors" && status >= FIRST_ERROR) || (cause === "slowness" && tookMs > this.#slowAboveMs)
    );
  }

  #isWhatItWasProbedFor(failure: Failure): boolean {
    const { cause, state } = this.ejection;
    if (state !== "probing" || failure.origin !== "server") return false;
    return failure.code === FAILURE.RESPONSE_TIMEOUT.code
      ? cause === "timeouts" || cause === "slowness"
      : cause === "errors";
  }
}

function windowFor({ passive }: ResolvedHealth): OutcomeWindow | undefined {
  return looksForOutliers(passive) ? new OutcomeWindow(passive.windowMs) : undefined;
}
