import type {
  BalanceName,
  CheckMethod,
  ConnectionSharing,
  JwtAlgorithm,
  LimitScope,
  LogLevel,
  ProxyProtocol,
  Role,
  ServerState,
} from "./resolved.ts";

/**
 * What a person writes in `shunt.config.ts`, or the same in JSON or YAML. This is the raw form: everything that has
 * a default is optional, and names stand where the resolved form has indices. Defaults and ranges are in
 * `defaults.ts`; `schema.ts` refuses what is not described here.
 *
 * A key whose value is `undefined` counts as absent, so that computed configurations stay plain to write.
 */
export interface ShuntOptions {
  /** Where clients connect, by name; at least one. */
  readonly listeners: Readonly<Record<string, ListenerOptions>>;
  /**
   * Acceptor processes of this host. 1..256.
   * @default one per core
   */
  readonly acceptors?: number | undefined;
  /**
   * Classifier threads of each acceptor. 1..64.
   * @default 1
   */
  readonly classifierThreads?: number | undefined;
  /** Named groups of servers; at least one. */
  readonly pools: Readonly<Record<string, PoolOptions>>;
  /** What rules can give a request to, by name; at least one. */
  readonly classes: Readonly<Record<string, ClassOptions>>;
  /**
   * In order: the first that matches decides.
   * @default []
   */
  readonly rules?: readonly RuleOptions[] | undefined;
  /** Name of the class of a request that no rule matches. */
  readonly defaultClass: string;
  readonly timeouts?: TimeoutOptions | undefined;
  readonly limits?: LimitOptions | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly trust?: TrustOptions | undefined;
  /** What is let through that is refused otherwise. Default: nothing. */
  readonly leniency?: LeniencyOptions | undefined;
  /** Who the user of a request is. Default: nobody is identified, and `user` conditions are refused. */
  readonly identity?: IdentityOptions | undefined;
  readonly log?: LogOptions | undefined;
  readonly admin?: AdminOptions | undefined;
  readonly state?: StateOptions | undefined;
}

export interface ListenerOptions {
  /**
   * Address to listen on, or `localhost`.
   * @default "0.0.0.0", every IPv4 address of the host
   */
  readonly host?: string | undefined;
  /** 0..65535; 0 lets the system choose one. */
  readonly port: number;
  /**
   * Every connection begins with a header of the PROXY protocol, version 1 or 2, which names the client. Only
   * `trust.peers` may connect, since whoever writes that header is whoever he says he is.
   * @default false
   */
  readonly proxyProtocol?: boolean | undefined;
}

export interface PoolOptions {
  /** By name; at least one. An address stands in one pool only, and once. */
  readonly servers: Readonly<Record<string, ServerOptions>>;
  /**
   * How a server of the pool is chosen.
   * `least-load`: fewest outstanding requests per weight. `p2c`: the less loaded of two drawn at random.
   * `peak-ewma`: the lower of two by answer time and outstanding requests. `round-robin`: in turn, by weight.
   * `hash`: the same value of `hashOn` goes to the same server while its load is bounded.
   * @default "least-load"
   */
  readonly balance?: BalanceName | undefined;
  /** What of a request decides its server. Required with `balance: "hash"`, refused without. */
  readonly hashOn?: HashOnOptions | undefined;
  /**
   * Whether server connections are shared by safe requests without content, of any clients: `"auto"`, as many as nobody
   * notices, answered one behind the other (pipelining). It needs servers that can be trusted to answer each request once
   * and whole; not with `proxyProtocol`.
   * @default "off"
   */
  readonly share?: ConnectionSharing | undefined;
  /**
   * Whether a connection to a server begins with a header of the PROXY protocol, of this version, which names the
   * client. Such a connection serves one client connection and ends with it.
   * @default "off"
   */
  readonly proxyProtocol?: ProxyProtocol | undefined;
  /**
   * Whether acceptors choose by what all of them have outstanding at a server, as last published, or each by its own
   * requests alone. Off, the balancer is the same; it knows less.
   * @default true
   */
  readonly sharedLoad?: boolean | undefined;
  /**
   * How servers say how loaded they are, from 0 (idle) to 1 (full); `least-load`, `p2c` and `peak-ewma` then give them
   * less. `"response"`: by the field `Shunt-Load: 0.73` of any answer, which no client gets to see.
   * `{ poll: "/load" }`: a path that the leading coordinator asks for, and that answers with `0.73` or `{"load": 0.73}`.
   * Default: nobody is asked, and such a field is one like any other.
   */
  readonly announcedLoad?: AnnouncedLoadOptions | undefined;
  /** Of the whole pool. Default: none. */
  readonly limit?: OutstandingLimitOptions | undefined;
  /** When a server gets no requests although its state is `ready`. Default: after five failed connections in a row. */
  readonly health?: HealthOptions | undefined;
}

export type AnnouncedLoadOptions = "response" | LoadPollOptions;

export interface LoadPollOptions {
  /** An absolute path, query included. */
  readonly poll: string;
  /**
   * Milliseconds between two questions to a server. 100..60_000.
   * @default 1_000
   */
  readonly intervalMs?: number | undefined;
}

export interface HealthOptions {
  /** Checks that the coordinator makes, one for each server and interval, for all acceptors. Default: none. */
  readonly active?: ActiveHealthOptions | undefined;
  /** What each acceptor finds from the requests that it sends. */
  readonly passive?: PassiveHealthOptions | undefined;
  /**
   * How long the weight of a server that is added, made ready, or back from being unhealthy or ejected, takes to rise
   * from a tenth to the whole, in milliseconds. 0 is at once. 0..3_600_000.
   * @default 0
   */
  readonly slowStartMs?: number | undefined;
  /**
   * When less than this share of the pool's ready servers is available, in per cent, all of them get requests, whatever
   * their health: better a doubtful server than an overload of those that are left. 0 is never: where none is left, the
   * spill pool takes the requests, or nobody. 0..100.
   * @default only when none is left
   */
  readonly panicPercent?: number | undefined;
}

/** `http` or `tcp`, one of them. */
export interface ActiveHealthOptions {
  readonly http?: HttpCheckOptions | undefined;
  /** A connection that is accepted is a check that passed. */
  readonly tcp?: true | undefined;
  /**
   * Where checks go. 1..65_535.
   * @default the port of the server
   */
  readonly port?: number | undefined;
  /**
   * From the beginning of a check to that of the next, in milliseconds. 1..3_600_000.
   * @default 2_000
   */
  readonly intervalMs?: number | undefined;
  /**
   * By how much each interval is longer or shorter at random, in per cent. 0..50.
   * @default 10
   */
  readonly jitterPercent?: number | undefined;
  /**
   * How long a check may take, from the connection to the last octet that it needs, in milliseconds. 1..600_000.
   * @default 1_000, or `intervalMs` where that is less
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Checks in a row that have to pass before an unhealthy server is healthy. 1..100.
   * @default 2
   */
  readonly rise?: number | undefined;
  /**
   * Checks in a row that have to fail before a healthy server is unhealthy. 1..100.
   * @default 3
   */
  readonly fall?: number | undefined;
}

export interface HttpCheckOptions {
  /** What is asked for, with its query: `/healthz`. */
  readonly path: string;
  /**
   * `GET`, `HEAD` or `OPTIONS`.
   * @default "GET"
   */
  readonly method?: CheckMethod | undefined;
  /**
   * The Host field.
   * @default address and port of the server
   */
  readonly host?: string | undefined;
  /**
   * Statuses that pass: one, a range like `"200-399"`, or a list of these. Redirects are not followed.
   * @default "200-399"
   */
  readonly status?: StatusOptions | readonly StatusOptions[] | undefined;
  /** Text that has to stand in the first 64 KiB of the content. Default: the content is not read. */
  readonly body?: string | undefined;
}

export type StatusOptions = number | string;

/**
 * Shares are those of one window, in per cent. They are off until they are said: whoever sends requests has a hand in
 * what is answered, and when.
 */
export interface PassiveHealthOptions {
  /**
   * Connections that could not be established, and answers that are not HTTP, in a row that eject a server. 0 is none.
   * 0..1_000.
   * @default 5
   */
  readonly failures?: number | undefined;
  /**
   * Share of answers with a status of 500 or above, and of requests that a server has broken off, that ejects it.
   * 1..100. Default: off.
   */
  readonly errorPercent?: number | undefined;
  /** Share of requests that were not answered in time that ejects a server. 1..100. Default: off. */
  readonly timeoutPercent?: number | undefined;
  /**
   * So many times the median of its pool a server's mean answer time may be; slower ones are ejected. 1.1..100.
   * Default: off.
   */
  readonly latencyFactor?: number | undefined;
  /**
   * What shares and mean answer times are taken of, in milliseconds. 1_000..3_600_000.
   * @default 10_000
   */
  readonly windowMs?: number | undefined;
  /**
   * Requests of one acceptor to one server in a window, below which nothing is said about it. 1..1_000_000.
   * @default 50
   */
  readonly minRequests?: number | undefined;
  /**
   * Share of the pool's ready servers that may be away when one is ejected for errors, timeouts or slowness, in per
   * cent; one always may. Failures in a row are bounded by the last available server alone. 1..100.
   * @default 30
   */
  readonly maxEjectedPercent?: number | undefined;
  /**
   * How long the first ejection lasts, in milliseconds; each one in a row twice as long. 1..3_600_000.
   * @default 1_000
   */
  readonly baseMs?: number | undefined;
  /**
   * How long one lasts at the most, in milliseconds; at least `baseMs`. 1..86_400_000.
   * @default 60_000, or `baseMs` where that is more
   */
  readonly maxMs?: number | undefined;
  /**
   * While a server is probed it gets one request in this many milliseconds. 1..3_600_000.
   * @default 1_000
   */
  readonly probeEveryMs?: number | undefined;
}

/** `header` names are in any case. */
export type HashOnOptions =
  | "client"
  | "user"
  | "path"
  | "host"
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string };

export interface OutstandingLimitOptions {
  /** Requests outstanding at a time. 1..1_000_000. */
  readonly outstanding: number;
  /**
   * Whose requests are counted. `acceptor`: each acceptor counts its own, so that the servers see up to as many times
   * the limit as there are acceptors. `cluster`: those of all acceptors of all hosts together. Acceptors have shares of
   * such a limit, leased from the coordinator that leads: while none can be reached for longer than a lease, nothing is
   * sent to what is limited so.
   * @default "acceptor"
   */
  readonly scope?: LimitScope | undefined;
}

export interface ServerOptions {
  /** `http://host` or `http://host:port`, with nothing after it. */
  readonly url: string;
  /**
   * Share of the load relative to the other servers of the pool. 1..256.
   * @default 1
   */
  readonly weight?: number | undefined;
  /**
   * `ready`: takes requests. `drain`: takes no new ones, what is in flight is finished. `maintenance`: takes nothing.
   * @default "ready"
   */
  readonly state?: ServerState | undefined;
  /** Of this server alone. Default: `limits.outstandingPerServer`, which holds beside it. */
  readonly limit?: OutstandingLimitOptions | undefined;
}

export interface ClassOptions {
  /** Name of the pool that serves the class. */
  readonly pool: string;
  /** Name of the pool that takes what `pool` cannot. Default: none, such requests are answered with 503. */
  readonly spill?: string | undefined;
  /**
   * Bytes of content that a request of the class may have; beyond is 413. Content in chunks is counted without their
   * framing, as it comes. 0..1_099_511_627_776. Default: no bound.
   */
  readonly bodyBytes?: number | undefined;
}

export interface RuleOptions {
  /** Stands in logs and explanations; unique. */
  readonly name: string;
  /** `{}` matches every request. */
  readonly when: ConditionOptions;
  /** Name of the class of the requests that match. */
  readonly class: string;
}

/** What is true of a request. Several keys mean that all of them are. */
export interface ConditionOptions {
  /** In upper case, as it is sent: methods are case-sensitive (RFC 9110, section 9.1). */
  readonly method?: MatcherOptions | undefined;
  /** The host that was asked for, without port; in any case. */
  readonly host?: MatcherOptions | undefined;
  /**
   * The path without query. It is compared in one spelling: percent-encoding undone where it has no meaning, and dot
   * segments removed (RFC 3986, section 6.2.2). Paths in rules are brought into the same, expressions are not.
   */
  readonly path?: MatcherOptions | undefined;
  /** Parameters of the query, by name. */
  readonly query?: Readonly<Record<string, MatcherOptions | undefined>> | undefined;
  /** Header fields, by name in any case. */
  readonly header?: Readonly<Record<string, MatcherOptions | undefined>> | undefined;
  readonly cookie?: Readonly<Record<string, MatcherOptions | undefined>> | undefined;
  /**
   * Fields of the content: at JSON pointers (RFC 6901), as in `"/order/priority"`, or of a form by name. A request waits
   * for its content where its class depends on it, for at most `limits.classifyBodyBytes`.
   */
  readonly body?: Readonly<Record<string, MatcherOptions | undefined>> | undefined;
  /** The client's address: an address, a CIDR block, or `{ in: [...] }` of them. */
  readonly client?: ClientMatcherOptions | undefined;
  /** The user that `identity` names: `true` is anybody who was identified. */
  readonly user?: MatcherOptions | undefined;
  readonly all?: readonly ConditionOptions[] | undefined;
  readonly any?: readonly ConditionOptions[] | undefined;
  readonly not?: ConditionOptions | undefined;
}

/** Equal to the text; `true`: present; `false`: absent; or one test. Of repeated values one has to match. */
export type MatcherOptions =
  | string
  | boolean
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly contains: string }
  | { readonly in: readonly string[] }
  /** RE2 syntax: no look-around and no back-references, in exchange for linear time. */
  | { readonly regex: string };

export type ClientMatcherOptions = string | { readonly in: readonly string[] };

/** Milliseconds, all of them. */
export interface TimeoutOptions {
  /**
   * From the first byte of a request to the end of its head. 1..600_000.
   * @default 10_000
   */
  readonly headMs?: number | undefined;
  /**
   * Between two pieces of content, from either side. 1..3_600_000.
   * @default 30_000
   */
  readonly bodyIdleMs?: number | undefined;
  /**
   * To establish a server connection. 1..600_000.
   * @default 3_000
   */
  readonly connectMs?: number | undefined;
  /**
   * From the end of the request to the head of its response. 1..3_600_000.
   * @default 60_000
   */
  readonly responseMs?: number | undefined;
  /**
   * How long a client connection may stay without a request. 1..3_600_000.
   * @default 60_000
   */
  readonly clientIdleMs?: number | undefined;
  /**
   * How long a server connection is kept for the next request. Choose it below the server's own: whoever closes
   * second may write into a closed connection. 1..3_600_000.
   * @default 50_000, or `clientIdleMs` where that is less
   */
  readonly serverIdleMs?: number | undefined;
  /**
   * How long an upgraded connection may be silent. 1..86_400_000.
   * @default 600_000
   */
  readonly tunnelIdleMs?: number | undefined;
  /**
   * How long an upgraded connection may last, however lively it is; then it is cut. 0 is no bound. 0..604_800_000.
   * @default 0
   */
  readonly tunnelMs?: number | undefined;
  /**
   * How long exchanges in flight may take after SIGTERM before they are cut. Choose the slowest response you would
   * rather wait for than lose; 0 cuts at once. 0..3_600_000.
   * @default 30_000
   */
  readonly drainMs?: number | undefined;
  /**
   * How long a classifier thread may stay with one request. 1..10_000.
   * @default 50
   */
  readonly classifyMs?: number | undefined;
}

/** The bounds on what a peer can make an acceptor hold. */
export interface LimitOptions {
  /**
   * Bytes of a head, request or response; beyond is 431. 1_024..65_536.
   * @default 32_768
   */
  readonly headBytes?: number | undefined;
  /**
   * Field lines of a head; beyond is 431. 8..512.
   * @default 128
   */
  readonly fields?: number | undefined;
  /**
   * Bytes of a request target, fewer than `headBytes`; beyond is 414. 64..32_768.
   * @default 16_384, or half of `headBytes` where that is less
   */
  readonly targetBytes?: number | undefined;
  /**
   * Requests of one client connection that are read and not yet answered; beyond, reading stops. 1..1_024.
   * @default 64
   */
  readonly pipelineDepth?: number | undefined;
  /**
   * Requests outstanding at one server from one acceptor. 1..65_535.
   * @default 1_000
   */
  readonly outstandingPerServer?: number | undefined;
  /**
   * Idle connections kept to one server by one acceptor, at most `outstandingPerServer`. 0..65_535; 0 keeps none.
   * @default 64, or `outstandingPerServer` where that is less
   */
  readonly idlePerServer?: number | undefined;
  /**
   * Client connections of one acceptor. 1..1_000_000.
   * @default 16_384
   */
  readonly connections?: number | undefined;
  /**
   * Client connections of one acceptor from one address, of IPv6 from one /64; 0 is no bound but `connections`. Peers
   * of `trust.peers` speak for many and are not bound. 0..1_000_000.
   * @default 0
   */
  readonly connectionsPerClient?: number | undefined;
  /**
   * Upgraded connections of one acceptor, and requests for one that a server has not answered yet. Beyond, requests for
   * an upgrade get 503 and no server sees them; 0 is none. 0..1_000_000.
   * @default 16_384
   */
  readonly tunnels?: number | undefined;
  /**
   * Response bytes held for one client, waiting for their turn or for the client to read; at least `headBytes`.
   * 16_384..67_108_864.
   * @default 262_144
   */
  readonly responseBufferBytes?: number | undefined;
  /**
   * Request content bytes held for one client while the server does not read. 4_096..67_108_864.
   * @default 65_536
   */
  readonly requestBufferBytes?: number | undefined;
  /**
   * Bytes that wait to be classified, or are being classified, from all clients of one acceptor together, each client
   * for itself being bounded too; beyond, no further head is read until half of them are done. 65_536..1_073_741_824.
   * @default 8_388_608
   */
  readonly headsBufferBytes?: number | undefined;
  /**
   * Bytes per second that a client has to send of its content, and to read of its answer, averaged over windows of 30 s
   * in which it was its turn: not while it waits for us or for a server. A client that is slower gets 408, or is cut.
   * 0 lets any client be as slow as `bodyIdleMs` allows. 0..1_048_576.
   * @default 100
   */
  readonly bodyBytesPerSecond?: number | undefined;
  /**
   * Bytes of content that a request waits for when its class depends on a `body` condition. Of longer content nothing
   * is known to rules. 0..262_144.
   * @default 16_384
   */
  readonly classifyBodyBytes?: number | undefined;
  /**
   * Bytes of chunk extensions (RFC 9112, section 7.1.1): of a request those of all chunks together, of an answer those of
   * each chunk, since a server may sign every chunk of a stream that does not end. 0..16_384.
   * @default 1_024
   */
  readonly chunkExtensionBytes?: number | undefined;
  /**
   * Bytes of a trailer section, at most `headBytes`. 0..65_536.
   * @default 8_192, or `headBytes` where that is less
   */
  readonly trailerBytes?: number | undefined;
  /**
   * Exchanges an acceptor remembers for `GET /v1/exchanges`. 0..100_000.
   * @default 1_000
   */
  readonly recentExchanges?: number | undefined;
}

export interface RetryOptions {
  /**
   * Further attempts after the first, where it is safe to repeat. 0..10.
   * @default 2
   */
  readonly attempts?: number | undefined;
  /**
   * Retries allowed, in per cent of the requests of the last seconds. 0..100.
   * @default 20
   */
  readonly budgetPercent?: number | undefined;
  /**
   * Bytes of content kept for a second attempt; a request that sent more is not repeated. 0..16_777_216.
   * @default 65_536
   */
  readonly bodyBytes?: number | undefined;
}

export interface TrustOptions {
  /**
   * Addresses or CIDR blocks whose forwarding and identity fields are believed.
   * @default []
   */
  readonly peers?: readonly string[] | undefined;
  /**
   * Names of further fields that are believed from `peers` alone, such as those by which rules give priority. From
   * everybody else they are removed. The forwarding fields and that of `identity.header` need not be named.
   * @default []
   */
  readonly fields?: readonly string[] | undefined;
}

/**
 * Each lets through one thing that is refused otherwise, for clients that cannot be changed. There is none for what two
 * readers could take for two messages: both lengths at once, folded lines, lines that end with LF alone.
 */
export interface LeniencyOptions {
  /**
   * Paths that another reader may take for another path (`%2F`, `%5C`, `%00`, a backslash, dot segments, empty
   * segments, encoding within encoding) are forwarded, whatever class the other reading would have.
   * @default false
   */
  readonly ambiguousPaths?: boolean | undefined;
  /**
   * Octets in a target that RFC 3986 does not allow and browsers do not send: quotes, angle brackets and, in the path,
   * braces, backticks and percent signs without two digits.
   * @default false
   */
  readonly targetOctets?: boolean | undefined;
  /**
   * A target in absolute-form whose authority is not that of Host: the target wins, and Host is replaced (RFC 9112,
   * section 3.2.2).
   * @default false
   */
  readonly hostDiffers?: boolean | undefined;
  /**
   * Content-Length several times with one and the same number: one is forwarded (RFC 9112, section 6.3).
   * @default false
   */
  readonly repeatedContentLength?: boolean | undefined;
}

/** Exactly one of the three. */
export interface IdentityOptions {
  /** A verified claim of a JSON Web Token (RFC 7519). */
  readonly jwt?: JwtOptions | undefined;
  /** `true`: the user-id of Basic credentials (RFC 7617). The password is not checked; the server does that. */
  readonly basic?: true | undefined;
  /** Name of a header field, believed from `trust.peers` only. */
  readonly header?: string | undefined;
}

export interface JwtOptions {
  /**
   * The claim that names the user.
   * @default "sub"
   */
  readonly claim?: string | undefined;
  /**
   * Where the token stands: `Authorization: Bearer`, or a cookie.
   * @default "bearer"
   */
  readonly from?: "bearer" | { readonly cookie: string } | undefined;
  /**
   * Accepted signature algorithms.
   * @default those that the key can verify
   */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** What signatures are verified with. */
  readonly key: JwtKeyOptions;
  /** Required value of `iss`. Default: any. */
  readonly issuer?: string | undefined;
  /** Required member of `aud`. Default: any. */
  readonly audience?: string | undefined;
  /**
   * Allowed difference between the clocks for `exp` and `nbf`, in seconds. 0..600.
   * @default 5
   */
  readonly clockToleranceSeconds?: number | undefined;
}

/** A shared secret (HS256), a PEM public key, or a JSON Web Key Set (RFC 7517, section 5). */
export type JwtKeyOptions =
  | { readonly secret: SecretOptions }
  | { readonly pem: SecretOptions }
  | { readonly jwks: SecretOptions };

/**
 * A text that does not belong into a file that people share: the name of an environment variable, or of a file
 * (relative to the configuration), whose last line break is dropped. The text itself works, with a warning.
 */
export type SecretOptions = string | { readonly env: string } | { readonly file: string };

export interface LogOptions {
  /** @default "info" */
  readonly level?: LogLevel | undefined;
  /**
   * Where a line per exchange goes: `"stdout"`, `"off"`, or a file, relative to the configuration.
   * @default "stdout"
   */
  readonly access?: string | undefined;
}

export interface AdminOptions {
  /**
   * Address of the admin API, or `localhost`.
   * @default "127.0.0.1"
   */
  readonly host?: string | undefined;
  /**
   * 0..65535; 0 lets the system choose one.
   * @default 7070
   */
  readonly port?: number | undefined;
  /**
   * Bearer token with the role `admin`. One, here or under `tokens`, is required when `host` is not a loopback address;
   * without any, whoever reaches the API has the role `admin`.
   */
  readonly token?: SecretOptions | undefined;
  /** Bearer tokens with roles, by a name that stands in the audit log. At most 64. */
  readonly tokens?: Readonly<Record<string, TokenOptions>> | undefined;
}

export interface TokenOptions {
  /** At least 16 characters; or `sha256:HEX`, the SHA-256 of such a token, so that the file holds no secret. */
  readonly token: SecretOptions;
  /** `read`: looks. `operate`: also explains, and changes states and weights of servers. `admin`: everything. */
  readonly role: Role;
}

/** What acceptors and coordinators have in common, and what survives a restart. */
export type StateOptions = EmbeddedStateOptions | RedisStateOptions;

/** On one host: a Unix socket, and a file. */
export interface EmbeddedStateOptions {
  /** @default "embedded" */
  readonly kind?: "embedded" | undefined;
  /**
   * A directory, relative to the configuration.
   * @default FILE.state
   */
  readonly path?: string | undefined;
}

/** On many hosts: Redis 7 or later, or Valkey. */
export interface RedisStateOptions {
  readonly kind: "redis";
  /**
   * `redis://HOST:PORT/DB`, `rediss://` for TLS, `redis+sentinel://HOST:PORT,.../NAME/DB` or
   * `redis+cluster://HOST:PORT,...`; before the hosts `USER:PASSWORD@`, unless those are options of their own.
   */
  readonly url: SecretOptions;
  /** User of Redis's access control lists. Default: the one in `url`, else the default user. */
  readonly user?: SecretOptions | undefined;
  /** Default: the one in `url`, else none. */
  readonly password?: SecretOptions | undefined;
  /**
   * Begins the names of all keys and channels; clusters that share a Redis differ in it. 1 to 64 letters, digits, and
   * _ . -
   * @default "shunt"
   */
  readonly prefix?: string | undefined;
  /** With `rediss://`. Default: as the system trusts. */
  readonly tls?: RedisTlsOptions | undefined;
  /**
   * A directory of this host, relative to the configuration: its lock, and the last snapshot, for starts without Redis.
   * @default FILE.state
   */
  readonly path?: string | undefined;
}

export interface RedisTlsOptions {
  /** PEM of the authorities that the server's certificate may be from. Default: those of the system. */
  readonly ca?: SecretOptions | undefined;
  /** PEM of our certificate, where Redis asks for one; with `key`. */
  readonly cert?: SecretOptions | undefined;
  /** PEM of its key; with `cert`. */
  readonly key?: SecretOptions | undefined;
  /** The name that the server's certificate has. Default: the host's. */
  readonly serverName?: string | undefined;
}
