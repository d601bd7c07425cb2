/**
 * What can be wrong with Redis, each with a sentence for whoever has to do something about it. Names stand in metrics as
 * `reason`: this is all of them.
 */
export const REDIS_TROUBLES = Object.freeze({
  unreachable: "Redis cannot be reached",
  tls_failed: "the encrypted connection to Redis was refused, by them or by us",
  wrong_password: "Redis refuses the user or the password",
  no_permission: "the user may not do at Redis what Shunt needs",
  read_only: "Redis is a replica and takes no writes: the address must be that of the primary",
  not_replicated: "Redis takes no writes while too few replicas are connected",
  full: "Redis has no memory left (maxmemory) and takes no writes",
  cannot_save: "Redis cannot save to its disk and takes no writes",
  too_many_clients: "Redis has as many clients as it may have (maxclients)",
  loading: "Redis is loading its data",
  cluster_down: "the Redis Cluster is down, or a part of it",
  busy: "Redis is busy with somebody's script",
  slow: "Redis answers late",
  evicting:
    "Redis may evict keys (maxmemory-policy): what it evicts is missing until it is written again. Set it to noeviction",
  wrong_type: "under a key of Shunt lies something of another type",
  other: "Redis refuses",
});

export type RedisTrouble = keyof typeof REDIS_TROUBLES;

/** What begins a reply of Redis that refuses. */
const REPLIES: readonly (readonly [word: RegExp, trouble: RedisTrouble])[] = [
  [/\b(WRONGPASS|NOAUTH)\b|invalid (username-)?password|AUTH <password> called/i, "wrong_password"],
  [/\bNOPERM\b/, "no_permission"],
  [/\bREADONLY\b/, "read_only"],
  [/\bNOREPLICAS\b/, "not_replicated"],
  [/\bOOM\b/, "full"],
  [/\bMISCONF\b/, "cannot_save"],
  [/max number of clients/i, "too_many_clients"],
  [/\bLOADING\b/, "loading"],
  [/\b(CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b|Failed to refresh slots|Cluster isn't ready/, "cluster_down"],
  [/\bBUSY\b/, "busy"],
  [/\bWRONGTYPE\b/, "wrong_type"],
  [/Command timed out/, "slow"],
];

/** What the system, or the client, says when there is no connection. */
const NO_CONNECTION =
  /ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|EPIPE|EADDRNOTAVAIL|Connection is closed|isn't writeable|there is no connection|Socket timeout|sentinels? (are|is) unreachable|max retries per request|startup nodes|Cluster is ended|None of/i;
const TLS =
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS|ERR_SSL|EPROTO|wrong version number|SSL routines/i;

/** Never throws, whatever was thrown. */
export function redisTroubleOf(error: unknown): RedisTrouble {
  const ofNode = causeOf(error);
  if (ofNode !== undefined) {
    const trouble = redisTroubleOf(ofNode);
    return trouble === "other" ? "cluster_down" : trouble;
  }
  const text = wordsOf(error);
  const reply = REPLIES.find(([word]) => word.test(text));
  if (reply !== undefined) return reply[1];
  if (TLS.test(text)) return "tls_failed";
  return NO_CONNECTION.test(text) ? "unreachable" : "other";
}

/** Of a Cluster of which no node could be asked: what the last one said. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && "lastNodeError" in error ? error.lastNodeError : undefined;
}

/** Message and code of an error, and of those that it stands for: one for each address of a name. */
function wordsOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { message, code, errors } = error as Readonly<Record<string, unknown>>;
  const inner = Array.isArray(errors) ? errors.slice(0, 8) : [];
  return [code, message, ...inner.map((part) => (part instanceof Error ? part.message : ""))].join(" ");
}
