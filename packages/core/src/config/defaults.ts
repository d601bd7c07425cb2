import { brokenRelations } from "./relations.ts";
import type {
  ActiveHealth,
  Leniency,
  Limits,
  PassiveHealth,
  ResolvedHealth,
  Retry,
  Timeouts,
} from "./resolved.ts";

/** Lowest and highest value that is accepted, both included. */
export type Range = readonly [lowest: number, highest: number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Stands where there is no bound, and is above each. A number: configurations travel as JSON. */
export const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** What each means is said in `options.ts`; here is why it has this value. */
export const DEFAULT_TIMEOUTS: Timeouts = Object.freeze({
  headMs: 10_000,
  bodyIdleMs: 30_000,
  // One lost SYN is sent again after 1 s, a second after 3 s: this rides out the first.
  connectMs: 3_000,
  responseMs: MINUTE,
  clientIdleMs: MINUTE,
  // Below the 60 to 75 s after which common servers close, so that they rarely close while we write.
  serverIdleMs: 50_000,
  tunnelIdleMs: 10 * MINUTE,
  // A socket that is used may last for days; who wants them to move on, before a deploy for one, says so.
  tunnelMs: 0,
  drainMs: 30_000,
  // A head takes microseconds; a thread that needs a thousand times that is stuck.
  classifyMs: 50,
});

export const TIMEOUT_RANGES: Readonly<Record<keyof Timeouts, Range>> = Object.freeze({
  headMs: [1, 10 * MINUTE],
  bodyIdleMs: [1, HOUR],
  connectMs: [1, 10 * MINUTE],
  responseMs: [1, HOUR],
  clientIdleMs: [1, HOUR],
  serverIdleMs: [1, HOUR],
  tunnelIdleMs: [1, 24 * HOUR],
  tunnelMs: [0, 7 * 24 * HOUR],
  drainMs: [0, HOUR],
  classifyMs: [1, 10_000],
});

export const DEFAULT_LIMITS: Limits = Object.freeze({
  headBytes: 32 * KIB,
  fields: 128,
  targetBytes: 16 * KIB,
  pipelineDepth: 64,
  outstandingPerServer: 1_000,
  idlePerServer: 64,
  connections: 16_384,
  // How many people share an address is not for us to guess.
  connectionsPerClient: 0,
  // As many as `connections`: each tunnel is one. Lower it to keep connections for requests.
  tunnels: 16_384,
  responseBufferBytes: 256 * KIB,
  requestBufferBytes: 64 * KIB,
  // Sixteen full batches. A thread that hangs is replaced after 50 ms, in which not even a flood brings that much.
  headsBufferBytes: 8 * MIB,
  // A modem of 1962 is three times as fast; what is slower holds a connection, and means to.
  bodyBytesPerSecond: 100,
  // An order with a hundred items; whoever decides by the content of an upload decides by a field before it.
  classifyBodyBytes: 16 * KIB,
  chunkExtensionBytes: KIB,
  trailerBytes: 8 * KIB,
  recentExchanges: 1_000,
});

export const LIMIT_RANGES: Readonly<Record<keyof Limits, Range>> = Object.freeze({
  headBytes: [KIB, 64 * KIB],
  fields: [8, 512],
  targetBytes: [64, 32 * KIB],
  pipelineDepth: [1, 1_024],
  outstandingPerServer: [1, 65_535],
  idlePerServer: [0, 65_535],
  connections: [1, 1_000_000],
  connectionsPerClient: [0, 1_000_000],
  tunnels: [0, 1_000_000],
  responseBufferBytes: [16 * KIB, 64 * MIB],
  requestBufferBytes: [4 * KIB, 64 * MIB],
  headsBufferBytes: [64 * KIB, KIB * MIB],
  bodyBytesPerSecond: [0, MIB],
  // The longest head and so much content fit into one batch (contract/batch.ts).
  classifyBodyBytes: [0, 256 * KIB],
  chunkExtensionBytes: [0, 16 * KIB],
  trailerBytes: [0, 64 * KIB],
  recentExchanges: [0, 100_000],
});

/**
 * Bounds that no option moves: nobody needs another, or another would not work. docs/limits.md has them in its table.
 */
export const FIXED = Object.freeze({
  /** Connections that the kernel keeps until they are accepted. */
  acceptQueue: 4_096,
  /** Sockets of an acceptor for each listener, each with such a queue: so many connections are accepted in one turn of the loop. */
  listenShards: 16,
  /** Octets read from one client ahead of what can be handled now; behind that it has to wait. */
  readAheadBytes: 128 * KIB,
  /** What `limits.bodyBytesPerSecond` is averaged over: a lost packet, a tunnel or a change of cell is no slowness. */
  paceMs: 30_000,
  /**
   * How long a client may be silent, may send on, and how much of it is thrown away, once our last words are said
   * (RFC 9112 section 9.6). Most stop as soon as they read them; who writes all before it reads anything needs more.
   */
  lingerQuietMs: 2_000,
  lingerMs: 30_000,
  lingerBytes: 64 * MIB,
  /** How long a drain waits for the first request, or the PROXY header, of a connection: it may be on its way. */
  drainUnusedMs: 500,
  /** Connections beyond `limits.connectionsPerClient` that are closed in order at a time; those beyond are reset. */
  turnedAway: 256,
  /** Idle server connections kept for one client connection, where they name it in a PROXY header; its next ones close. */
  ownServerConnections: 8,
  /** Safe requests that share a server connection: more bring little, and all of them ask again where it breaks. */
  sharedDepth: 32,
  /** Of all requests, in per cent, those that are sent again since they wait behind a late answer; beyond, they wait. */
  relievedPercent: 10,
  /** Interim responses to one request: each moves the time limit of the response. */
  interimResponses: 256,
  /** Octets that one read takes from the kernel, and buffers of that size that are kept for whoever needs one next. */
  readBytes: 64 * KIB,
  keptReadBuffers: 256,
  /** Octets that one read takes where requests are expected: a head, and content of 16 KiB with it. */
  headReadBytes: 20 * KIB,
  /** The same where content comes fast, and buffers of that size that there are. */
  longReadBytes: 256 * KIB,
  longReadBuffers: 128,

  // What is read of a message.

  /** Octets and field lines that the parser has room for: above the highest `headBytes` and `fields`. */
  parserBytes: 128 * KIB,
  parserFields: 512,
  /** Octets of empty lines before a request (RFC 9112 section 2.2). One is an old habit; more than eight are no request. */
  emptyLineBytes: 16,
  /** Digits of a Content-Length, and of the size of a chunk, leading zeros included: their grammars have no bound. */
  lengthDigits: 32,
  chunkSizeDigits: 32,
  /** Octets of one chunk: more than anybody sends honestly, and far from where numbers lose their last digits. */
  chunkBytes: 2 ** 48 - 1,
  /**
   * How many readings of a path are gone through, and how many octets they may have together: each one costs a
   * classification. The paths of people and programs have two to ten.
   */
  pathReadings: 32,
  pathReadingBytes: 16 * KIB,
  /**
   * So often a request may have passed through proxies of our name. Several in a row are ordinary, ten are a circle:
   * each round holds a connection and makes the head longer, and only the bound of a head would end it.
   */
  passes: 10,
  /** The highest Max-Forwards that is passed on; longer ways there are none. */
  maxForwards: 255,
  /** Addresses of X-Forwarded-For or Forwarded that are looked at, from the right. */
  forwardedHops: 32,
  /** Characters of the longest text that can be an address: 45 of IPv6 with an IPv4 tail, `%`, and a zone of 16. */
  addressCharacters: 64,
  /**
   * Values of one name that are looked at in one request. Rules compare each value of a repeated cookie or parameter, so
   * without a bound a request could buy work that grows with the square of its size.
   */
  valuesPerName: 64,
  /** Levels of JSON inside each other. Parsers of many servers stop at 64 to 1,000. */
  contentDepth: 128,
  /**
   * Octets of a PROXY header of version 2. Its length field could say 65,551; addresses and vectors as proxies send them
   * are below 1 KiB. One of version 1 has 107 at most, by its grammar.
   */
  proxyHeaderBytes: 4 * KIB,

  // Users.

  /** Characters of a credential that is looked at: an Authorization value, a token. Longer ones name nobody. */
  credentialCharacters: 8 * KIB,
  /** UTF-16 code units of a user name. It stands in logs and in rules, so it is a name and not a document. */
  userCharacters: 256,
  /** Keys that one token without `kid` is tried with: who sends it decides how often it is sent. */
  keysTried: 32,
  /** Tokens that a thread remembers as good, each of at most `credentialCharacters`: 32 MiB if all were that long. */
  verifiedTokens: 4_096,
  /** The same of bad ones, apart: a flood of them pushes out no good one. A repeated one costs no signature. */
  refusedTokens: 1_024,
  refusedTokenSeconds: 5,

  // Classification.

  /**
   * One batch: entries, octets, and words for verdicts. 256 clients with one small head each fill it four times over; the
   * longest head and the longest content that `limits.classifyBodyBytes` can let it wait for fit into it together.
   */
  batchEntries: 256,
  batchBytes: 512 * KIB,
  batchVerdictWords: 128 * KIB,
  /** Octets of one client in one batch. Above the highest `limits.headBytes`, so that a whole head always fits. */
  entryBytes: 96 * KIB,
  /** Octets of framing, on top of as many as content may have, that an inquiry looks at: a last chunk, and trailers. */
  inquiryFramingBytes: KIB,

  // What is written down.

  /** Lines about trouble that are logged in a second; those beyond are counted. A client must not fill a disk. */
  logLinesPerSecond: 50,
  /** Refused connections are logged once in this time for each reason; the others are counted only. */
  refusedConnectionsEveryMs: 1_000,
  /** Octets of an offence that are shown, on either side of it. */
  shownOctets: 32,
  /** Heads, and content that was judged, above this are remembered without their fields. */
  rememberedHeadBytes: 4 * KIB,
  rememberedContentBytes: 4 * KIB,
  /** Of a field of the content, in `GET /v1/exchanges`. */
  shownValues: 8,
  shownCharacters: 200,
  /** What of the access log may wait for a sink that does not take it; beyond, whole lines are dropped and counted. */
  accessLogBytes: 4 * MIB,

  // Active checks.

  /** Checks of servers that are made at a time; further ones wait for their turn. */
  checksAtOnce: 256,
  /** Octets of the content of a check that are read, and of the head of its answer. */
  checkBodyBytes: 64 * KIB,
  checkHeadBytes: 16 * KIB,

  /** Octets of what is sent to the admin API: a request to be explained. */
  adminBodyBytes: 64 * KIB,
  /** The same of a whole configuration: with 10,000 servers and 10,000 rules it has about 2 MiB. */
  adminConfigBytes: 8 * MIB,
  /** Events that a coordinator remembers for listeners that come again. */
  keptEvents: 1_000,
  /** Listeners of `GET /v1/events` at one coordinator, and octets that are held for one that does not read. */
  eventListeners: 64,
  eventStreamBytes: MIB,
  /** A sign of life for listeners; one that has not read the last two is cut. */
  eventHeartbeatMs: 15_000,
});

export const DEFAULT_RETRY: Retry = Object.freeze({ attempts: 2, budgetPercent: 20, bodyBytes: 64 * KIB });

export const RETRY_RANGES: Readonly<Record<keyof Retry, Range>> = Object.freeze({
  attempts: [0, 10],
  budgetPercent: [0, 100],
  bodyBytes: [0, 16 * MIB],
});

/** As HAProxy's `inter`, `rise` and `fall`; a tenth of an interval spreads checks without changing what is noticed when. */
export const DEFAULT_ACTIVE_HEALTH = Object.freeze({
  intervalMs: 2_000,
  jitterPercent: 10,
  timeoutMs: 1_000,
  rise: 2,
  fall: 3,
}) satisfies Partial<ActiveHealth>;

export const ACTIVE_HEALTH_RANGES: Readonly<Record<keyof typeof DEFAULT_ACTIVE_HEALTH, Range>> =
  Object.freeze({
    intervalMs: [1, HOUR],
    jitterPercent: [0, 50],
    timeoutMs: [1, 10 * MINUTE],
    rise: [1, 100],
    fall: [1, 100],
  });

export const DEFAULT_PASSIVE_HEALTH: PassiveHealth = Object.freeze({
  // As in Envoy and finagle: chance seldom does that, and five retries are a small price.
  failures: 5,
  errorPercent: 0,
  timeoutPercent: 0,
  latencyFactor: 0,
  // Envoy's `interval` and, for failures as a share, `request_volume`.
  windowMs: 10_000,
  minRequests: 50,
  // One of three, three of ten: what is left can carry the load.
  maxEjectedPercent: 30,
  // The first second costs little when the guess was wrong; a minute is how late a return is noticed at the most.
  baseMs: 1_000,
  maxMs: MINUTE,
  probeEveryMs: 1_000,
});

export const PASSIVE_HEALTH_RANGES: Readonly<Record<keyof PassiveHealth, Range>> = Object.freeze({
  failures: [0, 1_000],
  errorPercent: [1, 100],
  timeoutPercent: [1, 100],
  latencyFactor: [1.1, 100],
  windowMs: [1_000, HOUR],
  minRequests: [1, 1_000_000],
  maxEjectedPercent: [1, 100],
  baseMs: [1, HOUR],
  maxMs: [1, 24 * HOUR],
  probeEveryMs: [1, HOUR],
});

/** So small that of the servers that a pool may have none at all is left below it. */
const NONE_LEFT_PERCENT = 0.01;

export const DEFAULT_HEALTH: ResolvedHealth = Object.freeze({
  active: undefined,
  passive: DEFAULT_PASSIVE_HEALTH,
  slowStartMs: 0,
  panicPercent: NONE_LEFT_PERCENT,
});

export const SLOW_START_RANGE: Range = [0, HOUR];
export const PANIC_PERCENT_RANGE: Range = [0, 100];
export const CHECK_PORT_RANGE: Range = [1, 65_535];

/** Each switch is for somebody's old client; nobody is lenient by accident. */
export const NO_LENIENCY: Leniency = Object.freeze({
  ambiguousPaths: false,
  targetOctets: false,
  hostDiffers: false,
  repeatedContentLength: false,
});

export const ACCEPTORS_RANGE: Range = [1, 256];
export const CLASSIFIER_THREADS_RANGE: Range = [1, 64];
export const PORT_RANGE: Range = [0, 65_535];
export const WEIGHT_RANGE: Range = [1, 256];
export const BODY_BYTES_RANGE: Range = [0, MIB * MIB];
/** Above: of a word a minute old nothing is left. */
export const LOAD_POLL_RANGE: Range = [100, MINUTE];
export const OUTSTANDING_LIMIT_RANGE: Range = [1, 1_000_000];
export const CLOCK_TOLERANCE_RANGE: Range = [0, 600];

export const DEFAULT_CLASSIFIER_THREADS = 1;
export const DEFAULT_LOAD_POLL_MS = 1_000;
export const DEFAULT_LISTENER_HOST = "0.0.0.0";
export const DEFAULT_ADMIN_HOST = "127.0.0.1";
export const DEFAULT_ADMIN_PORT = 7070;
export const DEFAULT_REDIS_PREFIX = "shunt";
export const DEFAULT_JWT_CLAIM = "sub";
export const DEFAULT_CLOCK_TOLERANCE_SECONDS = 5;

/** How many of a thing one configuration may have. Classes and rules stand as 16-bit numbers in a verdict. */
export const COUNTS = Object.freeze({
  listeners: 64,
  pools: 1_000,
  serversPerPool: 4_096,
  classes: 1_000,
  rules: 50_000,
  trustedPeers: 10_000,
  trustFields: 64,
  tokens: 64,
});

/**
 * The defaults for what was not said, fitted to what was: whoever lowers `headBytes` alone need not know that
 * `targetBytes` has to follow. Two values that were both said are never changed; `brokenRelations` judges them.
 */
export function withDefaultLimits(said: Partial<Limits>): Limits {
  const limits = { ...DEFAULT_LIMITS, ...said };
  const { headBytes, outstandingPerServer } = limits;
  return {
    ...limits,
    targetBytes: said.targetBytes ?? Math.min(limits.targetBytes, headBytes >> 1),
    trailerBytes: said.trailerBytes ?? Math.min(limits.trailerBytes, headBytes),
    idlePerServer: said.idlePerServer ?? Math.min(limits.idlePerServer, outstandingPerServer),
  };
}

export function withDefaultTimeouts(said: Partial<Timeouts>): Timeouts {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...said };
  return {
    ...timeouts,
    serverIdleMs: said.serverIdleMs ?? Math.min(timeouts.serverIdleMs, timeouts.clientIdleMs),
  };
}

const broken = brokenRelations(DEFAULT_LIMITS);
if (broken.length > 0) throw new Error(`Defaults contradict each other: ${JSON.stringify(broken)}`);
