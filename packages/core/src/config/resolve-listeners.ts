import { hostsOverlap } from "./addresses.ts";
import { COUNTS, DEFAULT_ADMIN_HOST, DEFAULT_ADMIN_PORT, DEFAULT_LISTENER_HOST } from "./defaults.ts";
import { formatPath, type Mistake, type Path } from "./mistake.ts";
import { readPart } from "./read-part.ts";
import { checkNames, namedEntries, type Reading } from "./reading.ts";
import { resolveAdmin } from "./resolve-admin.ts";
import type { ResolvedAdmin, ResolvedListener } from "./resolved.ts";
import { listenerSchema } from "./schema.ts";

/** An address that something listens on, and where that is said. */
interface Bound {
  readonly host: string;
  readonly port: number;
  readonly path: Path;
}

export interface Listening {
  readonly listeners: readonly ResolvedListener[];
  readonly admin: ResolvedAdmin;
}

/**
 * Everything that this host listens on; together, because no two may want the same port. `trustedPeers`: how many blocks
 * of addresses are trusted.
 */
export function resolveListening(
  rawListeners: unknown,
  rawAdmin: unknown,
  trustedPeers: number,
  reading: Reading,
): Listening {
  checkNames(rawListeners, "listener", COUNTS.listeners, ["listeners"], reading);
  const listeners = namedEntries(rawListeners)
    .map(([name, raw]) => resolveListener(name, raw, trustedPeers, reading))
    .filter((listener) => listener !== undefined);
  const admin = resolveAdmin(rawAdmin ?? {}, reading);
  const bounds = listeners.map(({ name, host, port }) => ({ host, port, path: ["listeners", name] }));
  refuseOverlaps(admin === undefined ? bounds : [...bounds, { ...admin, path: ["admin"] }], reading);
  return {
    listeners,
    admin: admin ?? { host: DEFAULT_ADMIN_HOST, port: DEFAULT_ADMIN_PORT, tokens: [] },
  };
}

function resolveListener(
  name: string,
  raw: unknown,
  trustedPeers: number,
  { mistakes }: Reading,
): ResolvedListener | undefined {
  const path: Path = ["listeners", name];
  const options = readPart(listenerSchema, raw, path, mistakes);
  if (options === undefined) return undefined;
  const { host = DEFAULT_LISTENER_HOST, port, proxyProtocol = false } = options;
  if (proxyProtocol && trustedPeers === 0) mistakes.push(nobodyMayConnect([...path, "proxyProtocol"]));
  return { name, host, port, proxyProtocol };
}

/** Whoever may write a PROXY header may be anybody he likes: so nobody may who is not named. */
function nobodyMayConnect(path: Path): Mistake {
  return {
    path,
    problem: "nobody could connect: PROXY headers are believed from trust.peers alone, and there are none",
    expected: "the proxies before Shunt to be named in trust.peers",
  };
}

function refuseOverlaps(bounds: readonly Bound[], { mistakes }: Reading): void {
  for (const [index, bound] of bounds.entries()) {
    const taken = bounds.slice(0, index).find((earlier) => competes(earlier, bound));
    if (taken === undefined) continue;
    const problem = `${describe(bound)} is taken by ${formatPath(taken.path)}, which listens on ${describe(taken)}`;
    mistakes.push({ path: [...bound.path, "port"], problem, expected: "a port of its own" });
  }
}

/** Port 0 is a new one for each who asks. */
function competes(a: Bound, b: Bound): boolean {
  return a.port === b.port && a.port !== 0 && hostsOverlap(a.host, b.host);
}

function describe({ host, port }: Bound): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
