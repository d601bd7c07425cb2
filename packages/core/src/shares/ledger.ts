import type { ShareGrant, SharePublication, ShareReport, ShareUse } from "../contract/messages.ts";
import { divide, lowered } from "./division.ts";
import {
  GRANTS_RENEWED_MS,
  grantsBefore,
  LAST_TERM,
  LEASE_SURELY_ENDED_MS,
  SHARE_LEASE_MS,
  termOfGrant,
} from "./lease.ts";
import type { ClusterLimits } from "./limits.ts";
import { Position } from "./position.ts";

/** An acceptor that was heard within the last lease. */
interface Holder {
  readonly positions: Map<string, Position>;
  /** Number of its last report, and when it was heard. */
  report: number;
  heardAt: number;
  /** By its last report. */
  granted: number;
  /** It may have something by the grants of whoever led before, of which nothing is known here. */
  mayInherit: boolean;
  leaving: boolean;
}

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * What the leader knows of shares: who may have how much outstanding of what. It lets no share grow while all that
 * acceptors may still go by, or have outstanding, could be above the limit with it (docs/decisions/0015-shares.md, where it
 * is proved). Time is milliseconds of one monotonic clock.
 */
export class Ledger {
  /** Requests found outstanding above a limit, and those that acceptors had outstanding that fell silent. */
  exceeded = 0;
  readonly #holders = new Map<string, Holder>();
  /** By how much what is outstanding is above a limit. */
  readonly #excess = new Map<string, number>();
  #limits: ClusterLimits = new Map();
  /** Our grants have higher numbers than this. */
  #before: number;
  #last: number;
  /** From then on no grant of an older leader is in force; as soon as that was acted upon, everything is settled. */
  #settlesAt: number;
  #settled = false;
  #publishedAt = NEVER;

  constructor(term: number, now: number) {
    this.#before = grantsBefore(term);
    this.#last = this.#before;
    this.#settlesAt = now + LEASE_SURELY_ENDED_MS;
  }

  /** An acceptor says who it is: perhaps its reports are numbered anew from here on. */
  joined(acceptor: string): void {
    const holder = this.#holders.get(acceptor);
    if (holder !== undefined) holder.report = -1;
  }

  /** It takes no new clients: it gets nothing that it does not need for what it has. */
  leaving(acceptor: string): void {
    const holder = this.#holders.get(acceptor);
    if (holder !== undefined) holder.leaving = true;
  }

  /** It has ended in order, with nothing outstanding. */
  left(acceptor: string): void {
    this.#holders.delete(acceptor);
  }

  /** A report; one that a later one has overtaken is passed over. */
  heard(acceptor: string, report: number, { shares, granted }: ShareReport, now: number): void {
    if (termOfGrant(granted) > LAST_TERM) return;
    // Its lease may have ended on our last grant, and no other has a higher number: then somebody led whose term was lost.
    if (granted > this.#last + 1) this.#startOver(granted, now);
    const holder = this.#holders.get(acceptor) ?? this.#newHolder(acceptor, now);
    if (report <= holder.report) return;
    holder.report = report;
    holder.heardAt = now;
    holder.granted = granted;
    for (const use of shares) this.#heardUse(holder, use, now);
  }

  #heardUse(holder: Holder, use: ShareUse, now: number): void {
    const { limited, share } = use;
    const known = holder.positions.get(limited);
    const position = known ?? this.#newPosition(holder, limited, now);
    if (!this.#settled) {
      if (known === undefined) position.inherit(share);
      else if (this.#isKnown(holder)) position.confirmed(share);
    }
    position.heard(use, holder.granted, this.#limits.get(limited) ?? use.outstanding, now);
  }

  /** What is to be published now; undefined while what was published last still says it. */
  next(limits: ClusterLimits, now: number): SharePublication | undefined {
    this.#limits = limits;
    this.#forgetSilent(now);
    if (!this.#settled && now >= this.#settlesAt) this.#settle(now);
    let changed = false;
    for (const limited of this.#names()) {
      const limit = limits.get(limited) ?? 0;
      if (limit > 0) this.#countExcess(limited, limit);
      changed = this.#grant(limited, limit, now) || changed;
    }
    const due = limits.size > 0 && now - this.#publishedAt >= GRANTS_RENEWED_MS;
    if (!changed && !due) return undefined;
    this.#last++;
    this.#publishedAt = now;
    return {
      kind: "shares",
      seq: this.#last,
      confirms: !this.#settled,
      leaseMs: SHARE_LEASE_MS,
      grants: Object.fromEntries(Array.from(this.#holders, ([id, holder]) => [id, grantOf(holder)])),
    };
  }

  /** Moves the shares of one limit to where they should be, as far as that is safe. Returns whether any moved. */
  #grant(limited: string, limit: number, now: number): boolean {
    const holders = [...this.#holders.values()];
    const positions = holders.map((holder) => this.#positionOf(holder, limited, now));
    const shares = positions.map(({ share }) => share);
    const goals = this.#settled
      ? divide(
          limit,
          positions.map((position, i) => claimantOf(position, holders[i] as Holder, now)),
          now - SHARE_LEASE_MS,
        )
      : lowered(shares, limit);
    const exposures = positions.map(({ exposure }, i) =>
      this.#isKnown(holders[i] as Holder) ? exposure : Math.max(limit, exposure),
    );
    let free = limit - sum(exposures);
    let changed = false;
    for (const i of byShare(shares)) {
      const [position, goal, exposure] = [positions[i], goals[i], exposures[i]] as [Position, number, number];
      const most = free < 0 ? position.share : Math.max(position.share, exposure + free);
      const share = Math.min(goal, most);
      free -= Math.max(0, share - exposure);
      if (share === position.share) continue;
      position.grant(share, this.#last + 1, now);
      changed = true;
    }
    return changed;
  }

  /** Whether all that it may have is in its positions. */
  #isKnown({ mayInherit, granted }: Holder): boolean {
    return !mayInherit || granted > this.#before;
  }

  #settle(now: number): void {
    this.#settled = true;
    for (const holder of this.#holders.values()) {
      if (this.#isKnown(holder)) continue;
      for (const position of holder.positions.values()) position.grant(0, this.#last + 1, now);
    }
  }

  /** Whoever granted `granted` led under a term that we should be above. */
  #startOver(granted: number, now: number): void {
    this.#before = grantsBefore(termOfGrant(granted) + 1);
    this.#last = this.#before;
    this.#settlesAt = now + LEASE_SURELY_ENDED_MS;
    this.#settled = false;
    for (const holder of this.#holders.values()) holder.mayInherit = true;
  }

  /** Whoever falls silent has ended its lease, and may have left something running. */
  #forgetSilent(now: number): void {
    for (const [acceptor, { heardAt, positions }] of this.#holders) {
      if (now - heardAt < LEASE_SURELY_ENDED_MS) continue;
      this.#holders.delete(acceptor);
      for (const { outstanding } of positions.values()) this.exceeded += outstanding;
    }
  }

  #countExcess(limited: string, limit: number): void {
    let outstanding = 0;
    for (const { positions } of this.#holders.values())
      outstanding += positions.get(limited)?.outstanding ?? 0;
    const excess = Math.max(0, outstanding - limit);
    this.exceeded += Math.max(0, excess - (this.#excess.get(limited) ?? 0));
    this.#excess.set(limited, excess);
  }

  /** All that is limited, and what was until all acceptors know that it is not. */
  #names(): Set<string> {
    const names = new Set(this.#limits.keys());
    for (const { positions } of this.#holders.values()) {
      for (const [limited, position] of positions) {
        if (position.isVoid && !this.#limits.has(limited)) positions.delete(limited);
        else names.add(limited);
      }
    }
    for (const limited of this.#excess.keys()) if (!names.has(limited)) this.#excess.delete(limited);
    return names;
  }

  #newHolder(acceptor: string, now: number): Holder {
    const mayInherit = now < this.#settlesAt;
    const holder = { positions: new Map(), report: -1, heardAt: now, granted: 0, mayInherit, leaving: false };
    this.#holders.set(acceptor, holder);
    // It has to hear of us before anybody can be raised.
    this.#publishedAt = NEVER;
    return holder;
  }

  #positionOf(holder: Holder, limited: string, now: number): Position {
    return holder.positions.get(limited) ?? this.#newPosition(holder, limited, now);
  }

  #newPosition({ positions }: Holder, limited: string, now: number): Position {
    const position = new Position(now);
    positions.set(limited, position);
    return position;
  }
}

function grantOf({ report, positions }: Holder): ShareGrant {
  const shares = Array.from(positions, ([limited, { share }]): [string, number] => [limited, share]);
  return { basedOn: report, shares: Object.fromEntries(shares.filter(([, share]) => share > 0)) };
}

function claimantOf(position: Position, { leaving }: Holder, now: number) {
  const demand = leaving ? position.outstanding : position.demand(now);
  return { share: position.share, demand, leaving, since: position.since };
}

/** Who has least comes first when there is something to be had. */
function byShare(shares: readonly number[]): number[] {
  return shares.map((_, i) => i).sort((a, b) => (shares[a] as number) - (shares[b] as number));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
