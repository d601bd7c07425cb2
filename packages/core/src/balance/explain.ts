/** The choice in one pool told to a person. It is made again to be told: the same view and seed give the same choice. */

import type { BalanceName } from "../config/resolved.ts";
import { effectiveWeight } from "./effective-weight.ts";
import { type Ineligibility, ineligibility, limitOf, poolOutstanding } from "./eligibility.ts";
import { choose, scorer } from "./picker.ts";
import { type ChoiceReason, ChoiceTrace } from "./trace.ts";
import type { Candidate, PoolView } from "./view.ts";

export interface CandidateExplanation {
  readonly name: string;
  readonly weight: number;
  readonly ready: boolean;
  /** Why it takes no request now; null when it does. */
  readonly ineligible: Ineligibility | null;
  /** Most that it may have outstanding from this acceptor. */
  readonly limit: number;
  readonly outstanding: number;
  readonly reported: number;
  readonly reportedAverage: number;
  readonly reportedAgeMs: number;
  readonly latencyMs: number;
  /** How loaded the server says that it is, 0 to 1; 0 where it says nothing. */
  readonly announced: number;
  /** The weight that is compared by: less what the server says that it is loaded with. */
  readonly effectiveWeight: number;
  /** What the balancer compares, the lowest wins; null for round-robin and where nobody is eligible. */
  readonly score: number | null;
  /** It was drawn or looked at; the others were not asked. */
  readonly compared: boolean;
}

export interface PoolExplanation {
  readonly pool: string;
  readonly balance: BalanceName;
  readonly acceptors: number;
  readonly candidates: readonly CandidateExplanation[];
  /** Index of the winner; -1 is nobody. */
  readonly server: number;
  /** Name of the winner; null is nobody. */
  readonly winner: string | null;
  readonly reason: ChoiceReason;
  /** The reason as a sentence. */
  readonly why: string;
}

export function explainPool(
  pool: string,
  view: PoolView,
  seed: number,
  affinity: number,
  tried: readonly number[],
): PoolExplanation {
  const trace = new ChoiceTrace(Math.max(1, view.candidates.length));
  const server = choose(view, seed, affinity, tried, trace);
  const candidates = explainCandidates(view, tried, trace);
  return {
    pool,
    balance: view.balance,
    acceptors: view.acceptors,
    candidates,
    server,
    winner: candidates[server]?.name ?? null,
    reason: trace.reason,
    why: sentence(pool, view, candidates, trace),
  };
}

function explainCandidates(
  view: PoolView,
  tried: readonly number[],
  trace: ChoiceTrace,
): CandidateExplanation[] {
  const score = scorer(view, tried);
  return view.candidates.map((candidate, index) => ({
    name: candidate.name,
    weight: candidate.weight,
    ready: candidate.ready,
    ineligible: ineligibility(view, index, tried) ?? null,
    limit: limitOf(view, candidate),
    outstanding: candidate.outstanding,
    reported: candidate.reported,
    reportedAverage: candidate.reportedAverage,
    reportedAgeMs: candidate.reportedAgeMs,
    latencyMs: candidate.latencyMs,
    announced: candidate.announced,
    effectiveWeight: effectiveWeight(candidate),
    score: score === undefined ? null : score(candidate),
    compared: trace.has(index),
  }));
}

const SCORE_WORDS: Record<BalanceName, string> = {
  "least-load": "requests outstanding per weight, those of other acceptors as far as they count",
  p2c: "requests outstanding per weight, from this acceptor",
  "peak-ewma": "expected answer time in milliseconds per weight",
  "round-robin": "nothing",
  hash: "part of its bounded share that is in use",
};

function sentence(
  pool: string,
  view: PoolView,
  candidates: readonly CandidateExplanation[],
  trace: ChoiceTrace,
): string {
  const winner = named(candidates[trace.winner]?.name);
  switch (trace.reason) {
    case "only-one-eligible":
      return `${winner} is the only server of pool ${named(pool)} that takes requests now.`;
    case "lowest-score":
      return `${winner} has the lowest score of ${field(view, trace)}: ${scores(view, trace)}.`;
    case "tie-broken-by-seed":
      return `${winner} was picked by the seed among equals of ${field(view, trace)}: ${scores(view, trace)}.`;
    case "its-turn":
      return `It is the turn of ${winner}.`;
    case "instead-of-the-one-in-turn":
      return `The server whose turn it is takes no requests now, or is in its slow start; the seed gave the turn to ${winner}.`;
    case "owner-on-the-ring":
      return `${winner} owns the request's place on the hash ring and is below its bound.`;
    case "next-on-the-ring":
      return `The owner of the request's place on the hash ring cannot take it, or not yet; ${winner} is the next that has room.`;
    case "nobody-eligible":
      return `No server of pool ${named(pool)} takes the request: ${reasons(candidates)}.`;
    case "pool-at-its-limit":
      return `Pool ${named(pool)} has ${poolOutstanding(view)} requests outstanding, and its limit is ${view.outstandingLimit}.`;
    case "pool-at-its-share":
      return `Pool ${named(pool)} has used up this acceptor's share of the limit that it has in the whole cluster.`;
    default:
      return trace.reason satisfies never;
  }
}

/** Sentences name this many servers at most; the candidates' list has them all. */
const NAMED_SERVERS = 4;

function field(view: PoolView, trace: ChoiceTrace): string {
  const two = trace.compared === 2 && view.candidates.length > 2;
  return two ? "the two servers drawn" : `the ${trace.compared} servers that take requests`;
}

function scores(view: PoolView, trace: ChoiceTrace): string {
  const each: string[] = [];
  for (let i = 0; i < trace.kept; i++) {
    const candidate = view.candidates[trace.candidates[i] as number] as Candidate;
    each.push(`${named(candidate.name)} ${Number((trace.scores[i] as number).toPrecision(4))}`);
  }
  return `${shortened(each)} (${SCORE_WORDS[view.balance]})`;
}

function reasons(candidates: readonly CandidateExplanation[]): string {
  if (candidates.length === 0) return "it has none";
  return shortened(candidates.map((each) => `${named(each.name)} ${obstacle(each)}`));
}

function obstacle({ ineligible, limit }: CandidateExplanation): string {
  switch (ineligible) {
    case "not-ready":
      return "is not ready";
    case "at-its-limit":
      return `has its limit of ${limit} requests outstanding`;
    case "at-its-share":
      return "has used up this acceptor's share of the limit that it has in the whole cluster";
    case "tried-already":
      return "has had this request already";
    case null:
      return "is eligible";
    default:
      return ineligible satisfies never;
  }
}

function shortened(parts: readonly string[]): string {
  const rest = parts.length - NAMED_SERVERS;
  return rest <= 0 ? parts.join(", ") : `${parts.slice(0, NAMED_SERVERS).join(", ")} and ${rest} more`;
}

function named(name: string | undefined): string {
  return JSON.stringify(name ?? "");
}
