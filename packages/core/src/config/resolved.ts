import type { RedisAddress } from "../contract/redis-address.ts";

/**
 * A configuration after defaults were filled in, names were resolved to indices and everything was checked.
 * Plain data: it travels as JSON between processes and threads. Nothing here is optional that has a default.
 */

export interface ResolvedListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Its connections begin with a PROXY header. */
  readonly proxyProtocol: boolean;
}

export const SERVER_STATES = ["ready", "drain", "maintenance"] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export interface ResolvedServer {
  readonly name: string;
  /** Host name or address that is connected to. */
  readonly host: string;
  readonly port: number;
  /** `host` or `host:port` as it stands in a Host field. */
  readonly authority: string;
  /** Share of the load relative to the other servers of its pool; above 0. */
  readonly weight: number;
  readonly state: ServerState;
  /** Undefined: none of its own. */
  readonly limit?: ResolvedLimit | undefined;
}

/** Whose requests a limit counts: those of each acceptor for itself, or those of all acceptors together. */
export type LimitScope = "acceptor" | "cluster";

export interface ResolvedLimit {
  readonly outstanding: number;
  readonly scope: LimitScope;
}

export type BalanceName = "least-load" | "p2c" | "peak-ewma" | "round-robin" | "hash";

/** "off": each request has a server connection of its own. */
export type ConnectionSharing = "off" | "auto";

/** Version of the PROXY protocol. */
export type ProxyProtocol = "off" | "v1" | "v2";

/** What of a request decides its place on the hash ring. */
export type HashKey =
  | { readonly on: "client" | "user" | "path" | "host" }
  | { readonly on: "header" | "cookie" | "query"; readonly name: string };

/** How servers say how loaded they are. */
export type AnnouncedLoad =
  /** In a field of their answers. */
  | { readonly from: "response" }
  /** At a path, which the leading coordinator asks for. */
  | { readonly from: "poll"; readonly path: string; readonly intervalMs: number };

export interface ResolvedPool {
  readonly name: string;
  readonly servers: readonly ResolvedServer[];
  readonly balance: BalanceName;
  readonly hashOn: HashKey | undefined;
  /** Whether safe requests may ride together on one server connection. */
  readonly share: ConnectionSharing;
  /** The header that connections to its servers begin with. */
  readonly proxyProtocol: ProxyProtocol;
  /** Whether acceptors choose by what all of them have outstanding, and not by their own alone. */
  readonly sharedLoad: boolean;
  /** Undefined: what servers say of their load is not listened to. */
  readonly announcedLoad: AnnouncedLoad | undefined;
  /** Of the whole pool; undefined: none. */
  readonly limit?: ResolvedLimit | undefined;
  readonly health: ResolvedHealth;
}

/** When a server of a pool gets no requests although its state is `ready`. */
export interface ResolvedHealth {
  /** Undefined: its servers are not checked. */
  readonly active: ActiveHealth | undefined;
  readonly passive: PassiveHealth;
  /** 0: servers get their whole weight at once. */
  readonly slowStartMs: number;
  /** Below this share of available servers, in per cent, health counts no more; 0: it always does. */
  readonly panicPercent: number;
}

export interface ActiveHealth {
  readonly check: HttpCheck | TcpCheck;
  /** 0: that of the server. */
  readonly port: number;
  readonly intervalMs: number;
  readonly jitterPercent: number;
  readonly timeoutMs: number;
  /** Checks in a row that make a server healthy, and unhealthy. */
  readonly rise: number;
  readonly fall: number;
}

export interface TcpCheck {
  readonly kind: "tcp";
}

export type CheckMethod = "GET" | "HEAD" | "OPTIONS";

export interface HttpCheck {
  readonly kind: "http";
  readonly method: CheckMethod;
  readonly path: string;
  /** Undefined: the authority of the server. */
  readonly host: string | undefined;
  /** Lowest and highest of each range that passes, both included. */
  readonly status: readonly (readonly [lowest: number, highest: number])[];
  /** Text that has to stand in the content; undefined: it is not read. */
  readonly body: string | undefined;
}

/** What an acceptor ejects servers for. Shares are in per cent of a window; 0 is off. */
export interface PassiveHealth {
  readonly failures: number;
  readonly errorPercent: number;
  readonly timeoutPercent: number;
  readonly latencyFactor: number;
  readonly windowMs: number;
  readonly minRequests: number;
  readonly maxEjectedPercent: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly probeEveryMs: number;
}

/** What of a class decides where its requests go. */
export interface ClassRoute {
  readonly name: string;
  /** Index into `pools`. */
  readonly pool: number;
  /** Index into `pools` of the pool that takes what `pool` cannot; -1 is none. */
  readonly spill: number;
}

export interface ResolvedClass extends ClassRoute {
  /** Octets of content that a request may have, decoded from chunks; UNBOUNDED is no bound. */
  readonly bodyBytes: number;
}

/** What a condition looks at. `name` of a header is in lower case, that of a body a JSON pointer or of a form field. */
export type FactName =
  | { readonly fact: "method" | "host" | "path" | "client" | "user" }
  | { readonly fact: "query" | "header" | "cookie"; readonly name: string }
  | { readonly fact: "body"; readonly name: string };

export type Matcher =
  | { readonly kind: "present" }
  | { readonly kind: "absent" }
  | { readonly kind: "equal" | "prefix" | "suffix" | "contains" | "regex"; readonly value: string }
  | { readonly kind: "in"; readonly values: readonly string[] };

/** For `client`, values of `equal` and `in` are addresses or CIDR blocks; for `host` they are in lower case. */
export type Condition =
  | { readonly kind: "all" | "any"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "test"; readonly on: FactName; readonly matcher: Matcher };

export interface ResolvedRule {
  readonly name: string;
  readonly when: Condition;
  /** Index into `classes`. */
  readonly class: number;
}

/** Milliseconds, all of them. */
export interface Timeouts {
  readonly headMs: number;
  readonly bodyIdleMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly clientIdleMs: number;
  readonly serverIdleMs: number;
  readonly tunnelIdleMs: number;
  /** How long a tunnel may last; 0 is no bound. */
  readonly tunnelMs: number;
  readonly drainMs: number;
  /** How long a classifier thread may stay with one request. */
  readonly classifyMs: number;
}

export interface Limits {
  readonly headBytes: number;
  readonly fields: number;
  readonly targetBytes: number;
  readonly pipelineDepth: number;
  readonly outstandingPerServer: number;
  /** Idle connections kept to one server by one acceptor. */
  readonly idlePerServer: number;
  /** Client connections of one acceptor. */
  readonly connections: number;
  /** Client connections of one acceptor from one address; 0 is no bound of its own. */
  readonly connectionsPerClient: number;
  /** Tunnels of one acceptor; 0 is none. */
  readonly tunnels: number;
  /** Response bytes held for one client, waiting for their turn or for the client to read. */
  readonly responseBufferBytes: number;
  /** Request content bytes held for one client while the server does not read. */
  readonly requestBufferBytes: number;
  /** Bytes of heads that wait for one acceptor's classifier threads; beyond, no further head is read. */
  readonly headsBufferBytes: number;
  /** Content that a client has to send, and of its answer to read, on average while it is its turn; 0 is any. */
  readonly bodyBytesPerSecond: number;
  /** Content that a request waits for when its class depends on it. */
  readonly classifyBodyBytes: number;
  readonly chunkExtensionBytes: number;
  readonly trailerBytes: number;
  /** Exchanges an acceptor remembers for `GET /v1/exchanges`. */
  readonly recentExchanges: number;
}

export interface Retry {
  /** Further attempts after the first. */
  readonly attempts: number;
  /** Retries allowed, in per cent of the requests of the last seconds. */
  readonly budgetPercent: number;
  /** Content kept for a second attempt. */
  readonly bodyBytes: number;
}

export type JwtAlgorithm = "HS256" | "RS256" | "ES256" | "EdDSA";

export interface ResolvedJwt {
  /** The claim that names the user. */
  readonly claim: string;
  /** Where the token stands: `Authorization: Bearer`, or a cookie. */
  readonly from: { readonly kind: "bearer" } | { readonly kind: "cookie"; readonly name: string };
  readonly algorithms: readonly JwtAlgorithm[];
  /** A shared secret (HS256), or a PEM public key, or the text of a JWKS file. */
  readonly key: { readonly kind: "secret" | "pem" | "jwks"; readonly value: string };
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockToleranceSeconds: number;
}

export type ResolvedIdentity =
  | { readonly kind: "none" }
  | { readonly kind: "basic" }
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "jwt"; readonly jwt: ResolvedJwt };

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface ResolvedLog {
  readonly level: LogLevel;
  /** "stdout", "off", or a file's path. */
  readonly access: string;
}

/** What a caller of the admin API may do; each may also do what those before it may. */
export const ROLES = ["read", "operate", "admin"] as const;
export type Role = (typeof ROLES)[number];

export interface ResolvedToken {
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token, in hexadecimal: the token itself is kept nowhere. */
  readonly sha256: string;
}

export interface ResolvedAdmin {
  readonly host: string;
  readonly port: number;
  /** None: no token is asked for, which is refused beyond loopback. */
  readonly tokens: readonly ResolvedToken[];
}

export type ResolvedState = ResolvedEmbedded | ResolvedRedis;

export interface ResolvedEmbedded {
  readonly kind: "embedded";
  readonly path: string;
}

/** State in Redis, for many hosts. */
export interface ResolvedRedis extends RedisAddress {
  readonly kind: "redis";
  /** Directory of this host: what it needs to start without Redis. */
  readonly path: string;
  /** Begins the names of all keys and channels; clusters that share a Redis differ in it. */
  readonly prefix: string;
  /** Undefined unless `secure`, and where it is as the system has it. */
  readonly tls: RedisTls | undefined;
}

/** Texts, not paths. */
export interface RedisTls {
  /** PEM of the authorities that the server's certificate may be from; undefined: those of the system. */
  readonly ca: string | undefined;
  /** PEM of our certificate and its key; undefined: Redis asks for none. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name that the server's certificate has; undefined: the host's. */
  readonly servername: string | undefined;
}

export interface ResolvedTrust {
  /** Addresses or CIDR blocks whose forwarding and identity fields are believed. */
  readonly peers: readonly string[];
  /** Names, in lower case, of further fields that are believed from these alone. */
  readonly fields: readonly string[];
}

/** What is let through that is refused otherwise; see `LeniencyOptions`. */
export interface Leniency {
  readonly ambiguousPaths: boolean;
  readonly targetOctets: boolean;
  readonly hostDiffers: boolean;
  readonly repeatedContentLength: boolean;
}

/** What acceptors and their classifier threads work by. */
export interface DataPlaneConfig {
  readonly listeners: readonly ResolvedListener[];
  readonly pools: readonly ResolvedPool[];
  readonly classes: readonly ResolvedClass[];
  readonly rules: readonly ResolvedRule[];
  readonly defaultClass: number;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly retry: Retry;
  readonly trust: ResolvedTrust;
  readonly leniency: Leniency;
  readonly identity: ResolvedIdentity;
  readonly log: ResolvedLog;
  readonly classifierThreads: number;
  readonly acceptors: number;
}

export interface ResolvedConfig extends DataPlaneConfig {
  readonly admin: ResolvedAdmin;
  readonly state: ResolvedState;
}
