import type { AcceptorCounters } from "@shunt/core";

/** Seconds; each at most about 2.5 times the one before. */
const DURATION_BOUNDS = Object.freeze([
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]);

/** What an acceptor counts. Plain numbers: they are added to with every request and read once a second. */
export class Counters {
  connectionsAccepted = 0;
  exchangesSettled = 0;
  bytesIn = 0;
  bytesOut = 0;
  retries = 0;
  retriesOverBudget = 0;
  spills = 0;
  slowReadersCut = 0;
  /** What servers said of their load that was no number of 0 to 1. */
  announcedLoadsIgnored = 0;
  serverConnectionsOpened = 0;
  serverConnectionsReused = 0;
  /** Requests that have joined others on a connection. */
  requestsShared = 0;
  /** Those that did not get their answers there, by MoveReason. */
  readonly requestsMoved = new Map<string, number>();
  /** By ConnectionRefusal. */
  readonly connectionsRefused = new Map<string, number>();
  readonly requestsByClass = new Map<string, number>();
  readonly responsesByStatus = new Map<string, number>();
  readonly refusalsByRule = new Map<string, number>();
  readonly failuresByCode = new Map<string, number>();
  /** By EjectionCause. */
  readonly ejectionsByCause = new Map<string, number>();
  readonly #durations = new Float64Array(DURATION_BOUNDS.length + 1);
  #durationSum = 0;

  static add(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  /** Of a settled exchange, from the first octet of its head to the last of its response. */
  observeDuration(ms: number): void {
    const seconds = ms / 1_000;
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[bucket] as number)) bucket++;
    (this.#durations[bucket] as number) += 1;
    this.#durationSum += seconds;
  }

  /** As it is reported, with what others count. */
  report(
    counters: Readonly<Record<string, number>>,
    gauges: Readonly<Record<string, number>>,
  ): AcceptorCounters {
    return {
      counters: {
        connections_accepted_total: this.connectionsAccepted,
        exchanges_settled_total: this.exchangesSettled,
        request_bytes_total: this.bytesIn,
        response_bytes_total: this.bytesOut,
        retries_total: this.retries,
        retries_over_budget_total: this.retriesOverBudget,
        spills_total: this.spills,
        slow_readers_cut_total: this.slowReadersCut,
        announced_loads_ignored_total: this.announcedLoadsIgnored,
        server_connections_opened_total: this.serverConnectionsOpened,
        server_connections_reused_total: this.serverConnectionsReused,
        requests_shared_total: this.requestsShared,
        ...counters,
      },
      gauges,
      labelled: {
        connections_refused_total: Object.fromEntries(this.connectionsRefused),
        requests_total: Object.fromEntries(this.requestsByClass),
        responses_total: Object.fromEntries(this.responsesByStatus),
        requests_moved_total: Object.fromEntries(this.requestsMoved),
        requests_refused_total: Object.fromEntries(this.refusalsByRule),
        failures_total: Object.fromEntries(this.failuresByCode),
        ejections_total: Object.fromEntries(this.ejectionsByCause),
      },
      histograms: {
        request_duration_seconds: {
          bounds: DURATION_BOUNDS,
          counts: [...this.#durations],
          sum: this.#durationSum,
        },
      },
    };
  }
}
