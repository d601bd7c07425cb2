/**
 * Where Redis is, out of a URL: one server, Sentinels that know which server it is, or a Cluster. Plain data, and no
 * client: worker and coordinator hand it to theirs.
 */
export interface RedisAddress {
  readonly mode: "standalone" | "sentinel" | "cluster";
  /** The server; or some of the Sentinels, or of the Cluster's nodes: the rest is learnt from them. */
  readonly nodes: readonly RedisNode[];
  /** What the Sentinels call the server; undefined in the other modes. */
  readonly master: string | undefined;
  /** Number of the database; 0 in a Cluster. */
  readonly database: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The connection is encrypted. */
  readonly secure: boolean;
}

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

export type RedisUrl =
  | { readonly ok: true; readonly address: RedisAddress }
  /** What is wrong with it, without what it said: it may hold a password. */
  | { readonly ok: false; readonly problem: string };

const DEFAULT_PORT = { standalone: 6_379, sentinel: 26_379, cluster: 6_379 } as const;
const MOST_NODES = 64;

const URL_PARTS =
  /^(?<scheme>rediss?)(?<mode>\+sentinel|\+cluster)?:\/\/(?:(?<user>[^@:/]*)(?::(?<password>[^@/]*))?@)?(?<nodes>[^@/?#]*)(?<path>\/[^?#]*)?$/;
const NODE = /^(?:\[(?<v6>[\da-fA-F:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/;

/** Several hosts stand in one URL, so that `URL` cannot read it. */
export function parseRedisUrl(url: string): RedisUrl {
  const parts = URL_PARTS.exec(url)?.groups;
  if (parts === undefined) {
    return refused(
      "no URL of a Redis. Expected redis://HOST:PORT/DB, rediss:// for TLS, redis+sentinel://HOST:PORT,…/NAME/DB or redis+cluster://HOST:PORT,…, with USER:PASSWORD@ before the hosts where it is needed; what is special in a password is written as in any URL, %40 for @",
    );
  }
  const mode = parts.mode === undefined ? "standalone" : (parts.mode.slice(1) as "sentinel" | "cluster");
  const nodes = (parts.nodes ?? "").split(",").map((text) => readNode(text, DEFAULT_PORT[mode]));
  if (!nodes.every((node) => node !== undefined)) {
    return refused("a host that is none. Expected HOST or HOST:PORT, an IPv6 address in brackets");
  }
  if (nodes.length > (mode === "standalone" ? 1 : MOST_NODES)) {
    return refused(
      mode === "standalone"
        ? "several hosts. Expected one; several are for redis+sentinel:// and redis+cluster://"
        : `${nodes.length} hosts. Expected at most ${MOST_NODES}: the others are learnt from them`,
    );
  }
  const place = readPath(mode, parts.path ?? "");
  if (place === undefined) return refused(PATHS[mode]);
  const user = unescaped(parts.user);
  const password = unescaped(parts.password);
  if (user === BROKEN || password === BROKEN)
    return refused("a user or password with a % that escapes nothing");
  return {
    ok: true,
    address: { mode, nodes, ...place, user, password, secure: parts.scheme === "rediss" },
  };
}

const PATHS = {
  standalone: "a path that is no database. Expected /0 to /9999, or none",
  sentinel: "no name of the server. Expected /NAME or /NAME/DB, as the Sentinels call it",
  cluster: "a path. Expected none: a Redis Cluster has one database",
} as const;

function readPath(
  mode: RedisAddress["mode"],
  path: string,
): Pick<RedisAddress, "master" | "database"> | undefined {
  const names = path.split("/").filter((name) => name !== "");
  const master = mode === "sentinel" ? unescaped(names.shift()) : undefined;
  if (master === BROKEN || (mode === "sentinel" && master === undefined)) return undefined;
  const [database = "0", ...rest] = names;
  const isNumber = /^\d{1,4}$/.test(database) && (mode !== "cluster" || names.length === 0);
  return isNumber && rest.length === 0 ? { master, database: Number(database) } : undefined;
}

function readNode(text: string, defaultPort: number): RedisNode | undefined {
  const { v6, name, port } = NODE.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

const BROKEN = Symbol("broken");

/** Undefined for an empty text: `redis://:password@host` names no user. */
function unescaped(text: string | undefined): string | undefined | typeof BROKEN {
  if (text === undefined || text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return BROKEN;
  }
}

const refused = (problem: string): RedisUrl => ({ ok: false, problem });
