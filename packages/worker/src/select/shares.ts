import {
  clusterLimits,
  type LimitedPool,
  type SharePublication,
  type ShareReport,
  type ShareUse,
  UNBOUNDED,
} from "@shunt/core";

/** Reports whose time of sending is remembered. One is sent every 100 ms, and a lease is 20 of these. */
const REMEMBERED_REPORTS = 128;

/** One pool or server: what this acceptor has outstanding there, and its share of a limit of the whole cluster. */
export class Share {
  /** A pool, or a server as `pool/server`. */
  readonly limited: string;
  outstanding = 0;
  /** Most that it may have outstanding; UNBOUNDED while no such limit holds there. */
  allowed = UNBOUNDED;
  /** Requests that it kept from going there since the last report. */
  kept = 0;
  /** Those of them that then went to nobody in the pool, ever. */
  refusedEver = 0;

  constructor(limited: string) {
    this.limited = limited;
  }

  get room(): number {
    return this.allowed - this.outstanding;
  }

  /** A request came to nobody in its pool, and this is why. */
  refuse(): void {
    this.kept++;
    this.refusedEver++;
  }

  /** A request went to another server of the pool; it might have come here. */
  passOver(): void {
    this.kept++;
  }
}

type Granted = ReadonlyMap<string, number>;
const NOTHING: Granted = new Map();

/**
 * This acceptor's shares of limits that hold across all acceptors (docs/decisions/0015-shares.md). What is granted holds
 * until a lease after the report that the grant answers was *sent*, by this process's own monotonic clock; whoever
 * granted it counts from when it heard the report, thus longer. Requests are counted here whether there is a limit or
 * not, so that one that is new finds them counted.
 */
export class Shares {
  readonly #acceptor: string;
  readonly #shares = new Map<string, Share>();
  /** Those with such a limit in the latest snapshot. */
  #limited: readonly Share[] = [];
  #grant: Granted = NOTHING;
  /** When the lease ends; in the past while there is none. */
  #endsAt = Number.NEGATIVE_INFINITY;
  #lapsed = true;
  /** No grant with a lower number is used any more. */
  #granted = 0;
  readonly #sent = new Float64Array(REMEMBERED_REPORTS);
  readonly #sentAt = new Float64Array(REMEMBERED_REPORTS);

  /** `acceptor`: by whose name grants are looked up. */
  constructor(acceptor: string) {
    this.#acceptor = acceptor;
  }

  of(limited: string): Share {
    const known = this.#shares.get(limited);
    if (known !== undefined) return known;
    const share = new Share(limited);
    this.#shares.set(limited, share);
    return share;
  }

  /** Refused requests by what was limited, of all that is limited now. */
  get refusedEver(): Record<string, number> {
    return Object.fromEntries(this.#limited.map((share) => [share.limited, share.refusedEver]));
  }

  /** Limits what `pools` say, and nothing else. */
  adopt(pools: readonly LimitedPool[]): void {
    for (const share of this.#limited) share.allowed = UNBOUNDED;
    this.#limited = Array.from(clusterLimits(pools).keys(), (name) => this.of(name));
    this.#allow();
    this.#forget(pools);
  }

  apply({ seq, leaseMs, confirms, grants }: SharePublication, now: number): void {
    if (seq < this.#granted) return;
    this.expire(now);
    const grant = grants[this.#acceptor];
    if (confirms && grant === undefined) return;
    this.#granted = seq;
    const sentAt = grant === undefined ? undefined : this.#sentAtOf(grant.basedOn);
    const shares = new Map(Object.entries(grant?.shares ?? {}));
    this.#grant = confirms ? lowerOf(shares, this.#grant) : shares;
    this.#endsAt = sentAt === undefined ? now : sentAt + leaseMs;
    this.#lapsed = false;
    this.#allow();
    this.expire(now);
  }

  /** Ends the lease when it is time. Called before every choice: a process that was stopped must not go by the past. */
  expire(now: number): void {
    if (this.#lapsed || now < this.#endsAt) return;
    this.#lapsed = true;
    this.#granted++;
    this.#grant = NOTHING;
    this.#allow();
  }

  /** For the report with number `seq`, which is sent now. */
  report(seq: number, now: number): ShareReport {
    this.expire(now);
    const slot = seq % REMEMBERED_REPORTS;
    this.#sent[slot] = seq;
    this.#sentAt[slot] = now;
    return { shares: this.#limited.map(useOf), granted: this.#granted };
  }

  #sentAtOf(report: number): number | undefined {
    const slot = report % REMEMBERED_REPORTS;
    return this.#sent[slot] === report ? this.#sentAt[slot] : undefined;
  }

  #allow(): void {
    for (const share of this.#limited) share.allowed = this.#grant.get(share.limited) ?? 0;
  }

  #forget(pools: readonly LimitedPool[]): void {
    const named = new Set(pools.flatMap(({ name, servers }) => [name, ...servers.map(idIn(name))]));
    for (const [name, { outstanding }] of this.#shares)
      if (!named.has(name) && outstanding === 0) this.#shares.delete(name);
  }
}

function idIn(pool: string): (server: { readonly name: string }) => string {
  return ({ name }) => `${pool}/${name}`;
}

/** What a new leader confirms raises nobody: it cannot know what its predecessor gave to whom in the end. */
function lowerOf(granted: Granted, held: Granted): Granted {
  return new Map(Array.from(granted, ([name, share]) => [name, Math.min(share, held.get(name) ?? 0)]));
}

function useOf(share: Share): ShareUse {
  const { limited, outstanding, allowed, kept } = share;
  share.kept = 0;
  return { limited, outstanding, share: allowed, refused: kept };
}
