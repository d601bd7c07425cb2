import type { SnapshotVersion } from "../membership/snapshot.ts";
import type { Publication } from "./messages.ts";

/**
 * Where everything of one cluster lies in Redis (docs/decisions/0013-cluster-over-redis.md). All names have one hash
 * tag, so that in Redis Cluster they lie on one node and a script may touch several of them.
 */
export interface BusNames {
  /** Who leads, as `leaseValue` writes it; expires. */
  readonly lease: string;
  /** The highest term that there ever was. */
  readonly term: string;
  /** The last publication of a kind, as `encodeAnnouncement` writes it. */
  readonly publication: Readonly<Record<Publication["kind"], string>>;
  /** A hash: kind of publication -> the version of what lies there. Who asks for versions need not read values. */
  readonly versions: string;
  readonly configLatest: string;
  readonly configAt: string;
  readonly configHistory: string;
  /** Hashes of the files that configurations were based on. */
  readonly configFiles: string;
  readonly audit: string;
  /** The set of the names of all acceptors that have registered. */
  readonly acceptors: string;
  /** Registration of one acceptor; expires. */
  acceptor(id: string): string;
  /** A stream of what acceptors say. */
  readonly reports: string;
  /** Names of coordinators, by when Redis last heard of them. */
  readonly coordinators: string;
  /** What one coordinator says of itself; expires. */
  coordinator(id: string): string;
  /** Changes asked of the leader, and their outcomes. */
  readonly commands: string;
  reply(id: string): string;
  /** Channel on which each publication is announced, content included. */
  readonly hints: string;
  /** Channel of questions to one acceptor. */
  to(acceptor: string): string;
}

export const PUBLICATION_KINDS = [
  "snapshot",
  "load",
  "health",
  "shares",
] as const satisfies readonly Publication["kind"][];

export function busNames(prefix: string): BusNames {
  const named = (name: string): string => `{${prefix}}:${name}`;
  return {
    lease: named("lease"),
    term: named("term"),
    publication: {
      snapshot: named("snapshot"),
      load: named("load"),
      health: named("health"),
      shares: named("shares"),
    },
    versions: named("versions"),
    configLatest: named("config:latest"),
    configAt: named("config:at"),
    configHistory: named("config:history"),
    configFiles: named("config:files"),
    audit: named("audit"),
    acceptors: named("acceptors"),
    acceptor: (id) => named(`acceptor:${id}`),
    reports: named("reports"),
    coordinators: named("coordinators"),
    coordinator: (id) => named(`coordinator:${id}`),
    commands: named("commands"),
    reply: (id) => named(`reply:${id}`),
    hints: named("hints"),
    to: (acceptor) => named(`to:${acceptor}`),
  };
}

/** Who leads, and since which change of leader. */
export interface Fence {
  /** Names one life of one coordinator; no other has the same, nor has the same one after a restart. */
  readonly holder: string;
  readonly term: number;
}

/** What lies in `lease`. Whoever compares the whole text compares holder and term. */
export function leaseValue({ term, holder }: Fence): string {
  return `${term} ${holder}`;
}

/** Undefined for what no leader has written. */
export function readLease(value: string): Fence | undefined {
  const [, term = "", holder = ""] = /^(\d{1,15}) (.+)$/.exec(value) ?? [];
  return holder === "" ? undefined : { term: Number(term), holder };
}

/**
 * When something was published: by the leader of which term, and as which of its publications of that kind. The number of
 * a snapshot is its generation.
 */
export interface PublicationVersion {
  readonly term: number;
  readonly number: number;
}

export function versionText({ term, number }: PublicationVersion): string {
  return `${term}.${number}`;
}

/** Undefined for what is no version: whoever finds it reads the value and judges that. */
export function readVersion(text: string): PublicationVersion | undefined {
  const [, term = "", number = ""] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
  return number === "" ? undefined : { term: Number(term), number: Number(number) };
}

export function isLater(version: PublicationVersion, than: PublicationVersion): boolean {
  return version.term === than.term ? version.number > than.number : version.term > than.term;
}

export function asPublicationVersion({ term, generation }: SnapshotVersion): PublicationVersion {
  return { term, number: generation };
}
