import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { RedisTls, ResolvedRedis } from "@shunt/core";
import { parseRedisUrl } from "@shunt/core/contract/redis-address";
import { Log } from "../supervisor/log.ts";
import { parse, refuseOperands, UsageError } from "./arguments.ts";
import { hostOf, supervise } from "./up.ts";

const INSTEAD = "Name the Redis of the cluster: `shunt worker --state redis://HOST:PORT`.";
const MOST_ACCEPTORS = 256;
const PREFIX = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const PASSWORD = "SHUNT_REDIS_PASSWORD";

/** Acceptors of a cluster, by what its coordinators say. Resolves with the exit code. */
export async function worker(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse("worker", args, {
    state: { type: "string" },
    prefix: { type: "string" },
    acceptors: { type: "string" },
    listen: { type: "string", multiple: true },
    name: { type: "string" },
    path: { type: "string" },
    ca: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
    "server-name": { type: "string" },
  });
  refuseOperands("worker", positionals, INSTEAD);
  if (values.state === undefined) throw new UsageError(`shunt worker: no Redis named. ${INSTEAD}`);
  const prefix = values.prefix ?? "shunt";
  if (!PREFIX.test(prefix)) throw refused("--prefix", prefix, "1 to 64 letters, digits, and _ . -");
  const state: ResolvedRedis = {
    kind: "redis",
    path: resolve(values.path ?? `shunt-worker-${prefix}.state`),
    prefix,
    ...addressOf(values.state),
    tls: tlsOf({ ...values, serverName: values["server-name"] }),
  };
  if (state.tls !== undefined && !state.secure)
    throw new UsageError("shunt worker: --ca, --cert, --key and --server-name are for rediss://.");
  const acceptors = { acceptors: countOf(values.acceptors), addresses: addressesOf(values.listen ?? []) };
  return await supervise({ state, acceptors, host: hostOf("worker", values.name), log: new Log("info") });
}

function addressOf(url: string) {
  const parsed = parseRedisUrl(url);
  // Never the URL itself: a password may stand in it.
  if (!parsed.ok) throw new UsageError(`shunt worker: --state: found ${parsed.problem}.`);
  const { address } = parsed;
  return { ...address, password: address.password ?? process.env[PASSWORD] };
}

interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
}

function tlsOf({ ca, cert, key, serverName }: TlsFiles): RedisTls | undefined {
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("shunt worker: --cert and --key go together.");
  if ([ca, cert, serverName].every((each) => each === undefined)) return undefined;
  return {
    ca: textOf("--ca", ca),
    cert: textOf("--cert", cert),
    key: textOf("--key", key),
    servername: serverName,
  };
}

function textOf(option: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`shunt worker: ${option}: cannot read ${JSON.stringify(file)}: ${String(error)}`);
  }
}

function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST_ACCEPTORS) throw refused("--acceptors", text, `1..${MOST_ACCEPTORS}`);
  return count;
}

const LISTEN = /^(?<name>[\w.-]+)=(?:\[(?<v6>[\da-fA-F:.]+)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})$/;

function addressesOf(texts: readonly string[]): Record<string, { host: string; port: number }> {
  const addresses: Record<string, { host: string; port: number }> = Object.create(null);
  for (const text of texts) {
    const { name, v6, host = v6, port } = LISTEN.exec(text)?.groups ?? {};
    if (name === undefined || host === undefined || Number(port) > 65_535)
      throw refused("--listen", text, "NAME=HOST:PORT, an IPv6 address in brackets");
    addresses[name] = { host, port: Number(port) };
  }
  return addresses;
}

function refused(option: string, found: string, expected: string): UsageError {
  return new UsageError(`shunt worker: ${option}: found ${JSON.stringify(found)}. Expected ${expected}.`);
}
