import type { ResolvedConfig, ResolvedRedis } from "../config/resolved.ts";
import { ANSWER_BOUNDS_MS } from "../health/answer-times.ts";
import { decodeSnapshot, resolvedListener } from "./decode-snapshot.ts";
import {
  asMeasure,
  asRecord,
  asText,
  asWhole,
  DecodeError,
  type Fields,
  flag,
  list,
  mapped,
  measure,
  oneOf,
  record,
  shown,
  text,
  whole,
} from "./fields.ts";
import type {
  AcceptorCounters,
  AcceptorMessage,
  AcceptorNotice,
  BusAccess,
  ConfigNotice,
  CoordinatorMessage,
  CoordinatorNotice,
  CoordinatorOrder,
  ExchangeRecord,
  HostPart,
  Publication,
  ReportedLoad,
  ServerHealth,
  ServerMeasures,
  ShareGrant,
  ShareUse,
  SnapshotNotice,
  SupervisorMessage,
} from "./messages.ts";

/**
 * unknown -> typed or refused. Both ends of a channel are processes of one user, so what is checked is what a
 * mistake or another version could get wrong: kinds, names, numbers, lists.
 */

type Decoder<T> = (fields: Fields) => T;
type Kinded = { readonly kind: string };

/** The kinds of a union, each with its decoder; a kind that is missing does not compile. */
type Decoders<M extends Kinded> = {
  readonly [K in M["kind"]]: Decoder<Extract<M, { readonly kind: K }>>;
};

export const decodeAcceptorMessage = decoderOf<AcceptorMessage>("acceptor message", {
  hello: (fields) => ({
    kind: "hello",
    acceptor: text(fields, "acceptor"),
    host: text(fields, "host"),
    pid: whole(fields, "pid"),
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    version: text(fields, "version"),
  }),
  load: (fields) => ({
    kind: "load",
    seq: whole(fields, "seq"),
    servers: list(fields, "servers", reportedLoad),
    shares: list(fields, "shares", shareUse),
    granted: whole(fields, "granted"),
  }),
  status: (fields) => ({
    kind: "status",
    state: oneOf(fields, "state", ["starting", "accepting", "draining", "stopped"]),
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    connections: whole(fields, "connections"),
    exchanges: whole(fields, "exchanges"),
    counters: acceptorCounters(record(fields, "counters")),
  }),
  recent: (fields) => ({
    kind: "recent",
    request: whole(fields, "request"),
    exchanges: list(fields, "exchanges", exchangeRecord),
  }),
});

const PUBLICATIONS: Decoders<Publication> = {
  snapshot: (fields) => ({ kind: "snapshot", snapshot: decodeSnapshot(fields.snapshot) }),
  load: (fields) => ({
    kind: "load",
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    included: mapped(record(fields, "included"), asWhole),
    outstanding: list(fields, "outstanding", asWhole),
    announced: mapped(record(fields, "announced"), asAnnounced),
  }),
  health: (fields) => ({ kind: "health", servers: list(fields, "servers", serverHealth) }),
  shares: (fields) => ({
    kind: "shares",
    seq: whole(fields, "seq"),
    confirms: fields.confirms === true,
    leaseMs: whole(fields, "leaseMs"),
    grants: mapped(record(fields, "grants"), shareGrant),
  }),
};

export const decodePublication = decoderOf<Publication>("publication", PUBLICATIONS);

export const decodeCoordinatorMessage = decoderOf<CoordinatorMessage>("coordinator message", {
  ...PUBLICATIONS,
  "tell-all": () => ({ kind: "tell-all" }),
  "get-recent": (fields) => ({
    kind: "get-recent",
    request: whole(fields, "request"),
    limit: whole(fields, "limit"),
  }),
});

export const decodeSupervisorMessage = decoderOf<SupervisorMessage>("supervisor message", {
  start: (fields) => ({
    kind: "start",
    acceptor: text(fields, "acceptor"),
    host: text(fields, "host"),
    snapshot: decodeSnapshot(fields.snapshot),
    state: busAccess(record(fields, "state")),
    lastKnownGood: text(fields, "lastKnownGood"),
  }),
  listen: (fields) => ({
    kind: "listen",
    listener: resolvedListener(fields.listener, "listener"),
    place: whole(fields, "place"),
    last: flag(fields, "last"),
  }),
  unlisten: (fields) => ({
    kind: "unlisten",
    place: whole(fields, "place"),
    mostMs: whole(fields, "mostMs"),
  }),
  drain: () => ({ kind: "drain" }),
});

export const decodeAcceptorNotice = decoderOf<AcceptorNotice>("acceptor notice", {
  listening: (fields) => ({ kind: "listening", place: whole(fields, "place") }),
  closed: (fields) => ({ kind: "closed", place: whole(fields, "place") }),
  snapshot: (fields) => ({ kind: "snapshot", part: hostPart(record(fields, "part")) }),
  leaving: () => ({ kind: "leaving" }),
  drained: () => ({ kind: "drained" }),
  failed: (fields) => ({ kind: "failed", reason: text(fields, "reason") }),
});

export const decodeCoordinatorOrder = decoderOf<CoordinatorOrder>("coordinator order", {
  start: (fields) => ({
    kind: "start",
    host: text(fields, "host"),
    config: checkedConfig(record(fields, "config")),
    fileHash: text(fields, "fileHash"),
    bus: text(fields, "bus"),
    adminPort: whole(fields, "adminPort"),
    epoch: text(fields, "epoch"),
  }),
});

export const decodeCoordinatorNotice = decoderOf<CoordinatorNotice>("coordinator notice", {
  ready: (fields) => {
    const admin = record(fields, "admin");
    return {
      kind: "ready",
      ...(fields.snapshot === undefined ? {} : { snapshot: decodeSnapshot(fields.snapshot) }),
      admin: { host: text(admin, "host"), port: whole(admin, "port") },
    };
  },
  failed: (fields) => ({ kind: "failed", reason: text(fields, "reason") }),
});

export const decodeSnapshotNotice = decoderOf<SnapshotNotice>("snapshot notice", {
  found: (fields) => ({ kind: "found", snapshot: decodeSnapshot(fields.snapshot) }),
  none: () => ({ kind: "none" }),
  away: (fields) => ({ kind: "away", reason: text(fields, "reason") }),
});

export const decodeConfigNotice = decoderOf<ConfigNotice>("configuration notice", {
  config: (fields) => ({
    kind: "config",
    config: checkedConfig(record(fields, "config")),
    fileHash: text(fields, "fileHash"),
    warnings: list(fields, "warnings", asText),
  }),
  mistakes: (fields) => ({ kind: "mistakes", mistakes: list(fields, "mistakes", asText) }),
});

function decoderOf<M extends Kinded>(what: string, kinds: Decoders<M>): (value: unknown) => M {
  const known = new Map<string, Decoder<M>>(Object.entries(kinds as Record<string, Decoder<M>>));
  return (value) => {
    const fields = asRecord(value, what);
    const kind = fields.kind;
    const decode = typeof kind === "string" ? known.get(kind) : undefined;
    if (decode === undefined) {
      throw new DecodeError(
        `${what}: expected a kind of ${[...known.keys()].join(", ")}, found ${shown(kind)}`,
      );
    }
    return decode(fields);
  };
}

function checkedConfig(fields: Fields): ResolvedConfig {
  list(fields, "listeners", (entry) => entry);
  decodeSnapshot({ term: 0, generation: 0, config: fields });
  list(record(fields, "admin"), "tokens", (entry) => entry);
  text(record(fields, "state"), "path");
  return fields as unknown as ResolvedConfig;
}

function busAccess(fields: Fields): BusAccess {
  if (fields.kind === "redis") return redisOf(fields);
  return { kind: oneOf(fields, "kind", ["embedded", "redis"]) as "embedded", bus: text(fields, "bus") };
}

/** What is handed to a child that is to reach Redis. @throws DecodeError */
export function decodeRedis(value: unknown): ResolvedRedis {
  return redisOf(asRecord(value, "state in Redis"));
}

function redisOf(fields: Fields): ResolvedRedis {
  text(fields, "prefix");
  list(fields, "nodes", (node) => text(asRecord(node, "node"), "host"));
  return fields as unknown as ResolvedRedis;
}

function hostPart(fields: Fields): HostPart {
  return {
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    listeners: list(fields, "listeners", resolvedListener),
    acceptors: whole(fields, "acceptors"),
    drainMs: whole(fields, "drainMs"),
    logLevel: oneOf(fields, "logLevel", ["debug", "info", "warn", "error", "silent"]),
  };
}

function reportedLoad(value: unknown): ReportedLoad {
  if (!Array.isArray(value)) throw new DecodeError(`servers: expected lists, found ${shown(value)}`);
  const server = asText(value[0], "name of a server");
  const outstanding = asWhole(value[1], "outstanding");
  if (value[2] === undefined) return [server, outstanding];
  return [server, outstanding, serverMeasures(asRecord(value[2], "measures"))];
}

function serverMeasures(fields: Fields): ServerMeasures {
  return {
    latencyMs: measure(fields, "latencyMs"),
    requests: whole(fields, "requests"),
    failures: whole(fields, "failures"),
    connections: whole(fields, "connections"),
    errors: whole(fields, "errors"),
    ejected: fields.ejected === true,
    ...(fields.ejectedFor === undefined ? {} : { ejectedFor: text(fields, "ejectedFor") }),
    ...(fields.announced === undefined ? {} : { announced: asAnnounced(fields.announced, "announced") }),
    ...(fields.answers === undefined ? {} : answerTimes(fields)),
  };
}

/** Buckets of another version are left out: they cannot be added to ours. */
function answerTimes(fields: Fields): Pick<ServerMeasures, "answers" | "answerMs"> {
  const answers = list(fields, "answers", asWhole);
  const answerMs = measure(fields, "answerMs");
  return answers.length === ANSWER_BOUNDS_MS.length + 1 ? { answers, answerMs } : {};
}

function serverHealth(value: unknown): ServerHealth {
  const fields = asRecord(value, "server health");
  return {
    server: text(fields, "server"),
    healthy: flag(fields, "healthy"),
    reason: text(fields, "reason"),
  };
}

function shareUse(value: unknown): ShareUse {
  const fields = asRecord(value, "use of a share");
  return {
    limited: text(fields, "limited"),
    outstanding: whole(fields, "outstanding"),
    share: whole(fields, "share"),
    refused: whole(fields, "refused"),
  };
}

function shareGrant(value: unknown, name: string): ShareGrant {
  const fields = asRecord(value, name);
  return { basedOn: whole(fields, "basedOn"), shares: mapped(record(fields, "shares"), asWhole) };
}

function acceptorCounters(fields: Fields): AcceptorCounters {
  return {
    counters: numbers(record(fields, "counters")),
    gauges: numbers(record(fields, "gauges")),
    labelled: mapped(record(fields, "labelled"), (value, name) => numbers(asRecord(value, name))),
    histograms: mapped(record(fields, "histograms"), histogram),
  };
}

function histogram(value: unknown, name: string): AcceptorCounters["histograms"][string] {
  const fields = asRecord(value, name);
  const bounds = list(fields, "bounds", asMeasure);
  const counts = list(fields, "counts", asMeasure);
  if (counts.length !== bounds.length + 1) {
    throw new DecodeError(`${name}: expected ${bounds.length + 1} counts, found ${counts.length}`);
  }
  return { bounds, counts, sum: measure(fields, "sum") };
}

/** What the API shows of an exchange is passed on as it came; only what is sorted by is looked at. */
function exchangeRecord(value: unknown): ExchangeRecord {
  const fields = asRecord(value, "exchange");
  text(fields, "id");
  measure(fields, "startedAt");
  return fields as unknown as ExchangeRecord;
}

const numbers = (fields: Fields): Record<string, number> => mapped(fields, asMeasure);

/** How loaded a server says that it is. */
function asAnnounced(value: unknown, name: string): number {
  const load = asMeasure(value, name);
  if (load >= 0 && load <= 1) return load;
  throw new DecodeError(`${name}: expected a number in 0..1, found ${shown(value)}`);
}
