/**
 * The state bus of a large cluster, in memory: the reports of acceptors as they are sent, taken in by a real registry,
 * and the table that a leader publishes. Octets are those of the JSON; times are CPU times of this machine.
 */
import type { BusPeer } from "../../../packages/coordinator/src/bus/state-bus.ts";
import { LoadPublication } from "../../../packages/coordinator/src/load/publication.ts";
import { type Member, Registry } from "../../../packages/coordinator/src/membership/registry.ts";
import { testConfig } from "../../../packages/coordinator/src/test-config.ts";
import { UNBOUNDED } from "../../../packages/core/src/config/defaults.ts";
import type { ResolvedPool } from "../../../packages/core/src/config/resolved.ts";
import { decodeAcceptorMessage, decodePublication } from "../../../packages/core/src/contract/decode.ts";
import { decodeSnapshot } from "../../../packages/core/src/contract/decode-snapshot.ts";
import { encodeLine } from "../../../packages/core/src/contract/lines.ts";
import type { AcceptorMessage, Publication } from "../../../packages/core/src/contract/messages.ts";
import { serverNames } from "../../../packages/core/src/membership/server-names.ts";
import type { Snapshot } from "../../../packages/core/src/membership/snapshot.ts";
import { LoadReporter } from "../../../packages/worker/src/control/load-reporter.ts";
import { OwnReports } from "../../../packages/worker/src/control/own-reports.ts";
import { type Traffic, TrafficOf } from "./traffic.ts";

/** After these, every measure has been told at least twice. */
const WARM_TICKS = 11;
const MEASURED_TICKS = 10;
const TICKS_PER_SECOND = 10;
/** Acceptors whose traffic differs; a thousand would be these over and over. */
const DIFFERENT = 10;
const SERVERS_PER_POOL = 4_000;

export interface BusMeasures {
  /** Of all acceptors, in a second. */
  readonly reports: number;
  readonly reportBytes: number;
  /** Servers in one report, and octets of each. */
  readonly serversPerReport: number;
  readonly bytesPerServer: number;
  /** By the leader, in a second. */
  readonly publications: number;
  readonly tableBytes: number;
  /** What Redis sends out to all acceptors in a second for that. */
  readonly fanOutBytes: number;
  /** Commands that Redis is given in a second, those of two coordinators included. */
  readonly redisCommands: number;
  /** Milliseconds of CPU time. */
  readonly takeReportsMsPerSecond: number;
  readonly publishMsPerTick: number;
  /** Of one acceptor, for one table. */
  readonly applyTableMs: number;
  readonly snapshotBytes: number;
  readonly encodeSnapshotMs: number;
  readonly decodeSnapshotMs: number;
}

export function measureBus(acceptors: number, servers: number, traffic: Traffic): BusMeasures {
  const snapshot = snapshotWith(servers);
  const names = serverNames(snapshot.config);
  const kinds = Math.min(DIFFERENT, acceptors);
  const lines = Array.from({ length: kinds }, (_, i) => reportsOf(new TrafficOf(names, traffic, i + 1)));
  const leader = new Leader(acceptors, snapshot);
  let takeMs = 0;
  let publishMs = 0;
  for (let tick = 0; tick < WARM_TICKS + MEASURED_TICKS; tick++) {
    const take = cpuMs(() => leader.take((index) => lines[index % kinds]?.[tick]));
    const publish = cpuMs(() => leader.publication.tick());
    if (tick < WARM_TICKS) leader.published.length = 0;
    else {
      takeMs += take;
      publishMs += publish;
    }
  }
  const measured = lines.flatMap((each) => each.slice(WARM_TICKS)).filter((line) => line !== undefined);
  const perSecond = (acceptors / kinds) * (TICKS_PER_SECOND / MEASURED_TICKS);
  const bytes = measured.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  const told = measured.map((line) => (JSON.parse(line) as { servers: unknown[] }).servers.length);
  const toldServers = told.reduce((sum, count) => sum + count, 0);
  const emptyBytes = Buffer.byteLength(encodeLine(report(1_000, [])));
  const table = leader.lastTable;
  const tableText = JSON.stringify(table);
  const reports = measured.length * perSecond;
  const publications = (leader.published.length * TICKS_PER_SECOND) / MEASURED_TICKS;
  const snapshotText = JSON.stringify(snapshot);
  return {
    reports,
    reportBytes: bytes * perSecond,
    serversPerReport: toldServers / measured.length,
    bytesPerServer: toldServers === 0 ? 0 : (bytes - emptyBytes * measured.length) / toldServers,
    publications,
    tableBytes: Buffer.byteLength(tableText),
    fanOutBytes: Buffer.byteLength(tableText) * publications * acceptors,
    redisCommands: redisCommands(acceptors, reports, publications),
    takeReportsMsPerSecond: (takeMs * TICKS_PER_SECOND) / MEASURED_TICKS,
    publishMsPerTick: publishMs / MEASURED_TICKS,
    applyTableMs: repeated(() => applyTable(tableText, names)),
    snapshotBytes: Buffer.byteLength(snapshotText),
    encodeSnapshotMs: repeated(() => JSON.stringify(snapshot)),
    decodeSnapshotMs: repeated(() => decodeSnapshot(JSON.parse(snapshotText))),
  };
}

/**
 * As the two ends over Redis do it (worker/control/redis-transport.ts, coordinator/bus/redis-bus.ts): each acceptor adds
 * its reports and a status a second, registers twice a second, and pings its second connection every other; the leader
 * publishes, renews its lease twice a second; both coordinators sweep once a second, and read up to a hundred times.
 */
function redisCommands(acceptors: number, reports: number, publications: number): number {
  const ofCoordinators = publications + 2 + 2 * 1 + 2 * Math.min(100, reports + acceptors);
  return reports + acceptors * (1 + 2 + 0.5) + ofCoordinators;
}

class Leader {
  readonly published: Publication[] = [];
  readonly publication: LoadPublication;
  readonly #registry = new Registry(() => 0);
  readonly #members: Member[];
  #last: Publication | undefined;

  constructor(acceptors: number, snapshot: Snapshot) {
    this.#members = Array.from({ length: acceptors }, (_, i) => this.#join(`host-${i >> 3}-a${i & 7}`));
    const publish = (publication: Publication) => {
      this.published.push(publication);
      this.#last = publication;
    };
    this.publication = new LoadPublication(this.#registry, () => snapshot, publish);
  }

  get lastTable(): Publication {
    if (this.#last === undefined) throw new Error("Nothing was published");
    return this.#last;
  }

  take(lineOf: (index: number) => string | undefined): void {
    this.#members.forEach((member, index) => {
      const line = lineOf(index);
      const message = line === undefined ? undefined : decodeAcceptorMessage(JSON.parse(line));
      if (message?.kind === "load") this.#registry.takeLoad(member, message);
    });
  }

  #join(acceptor: string): Member {
    const peer: BusPeer = { send: () => {}, close: () => {} };
    const version = { term: 1, generation: 1, version: "0" };
    return this.#registry.join(peer, { kind: "hello", acceptor, host: "h", pid: 1, ...version });
  }
}

/** A line for each tick in which the acceptor says something. */
function reportsOf(traffic: TrafficOf): (string | undefined)[] {
  const reporter = new LoadReporter();
  let seq = 1_000;
  return Array.from({ length: WARM_TICKS + MEASURED_TICKS }, () => {
    const changed = reporter.next(traffic.tick());
    return changed === undefined ? undefined : encodeLine(report(++seq, changed));
  });
}

function report(
  seq: number,
  servers: Extract<AcceptorMessage, { kind: "load" }>["servers"],
): AcceptorMessage {
  return { kind: "load", seq, servers, shares: [], granted: 0 };
}

/** What an acceptor does with a table, but for writing the numbers down (worker/control/bus-client.ts). */
function applyTable(text: string, names: readonly string[]): number {
  const table = decodePublication(JSON.parse(text));
  if (table.kind !== "load") throw new Error(`Expected a table of loads, found ${table.kind}`);
  const own = new OwnReports();
  let sum = 0;
  names.forEach((server, index) => {
    sum += Math.max(0, (table.outstanding[index] ?? 0) - own.partOf(server, 1));
  });
  return sum;
}

/** As many servers, in pools as large as they may be; one class, no rule. */
function snapshotWith(servers: number): Snapshot {
  const config = testConfig("unused");
  const [pattern] = config.pools;
  if (pattern === undefined) throw new Error("The configuration for tests has no pools");
  const pools = Array.from({ length: Math.ceil(servers / SERVERS_PER_POOL) }, (_, p): ResolvedPool => {
    const count = Math.min(SERVERS_PER_POOL, servers - p * SERVERS_PER_POOL);
    return {
      ...pattern,
      name: `pool-${p}`,
      servers: Array.from({ length: count }, (_, i) => serverAt(p, i)),
    };
  });
  const { admin: _, state: __, ...dataPlane } = config;
  const classes = [{ name: "all", pool: 0, spill: -1, bodyBytes: UNBOUNDED }];
  return {
    term: 1,
    generation: 1,
    config: { ...dataPlane, pools, classes, rules: [], defaultClass: 0 },
  };
}

function serverAt(pool: number, index: number): ResolvedPool["servers"][number] {
  const host = `10.${pool}.${index >> 8}.${index & 255}`;
  return { name: `server-${index}`, host, port: 8080, authority: `${host}:8080`, weight: 1, state: "ready" };
}

/** CPU time of this process, which others on the machine do not add to. */
function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** The mean of as many repetitions as take 50 ms. */
function repeated(work: () => unknown): number {
  let spent = 0;
  let times = 0;
  while (spent < 50 && times < 1_000) {
    spent += cpuMs(work);
    times++;
  }
  return spent / times;
}
