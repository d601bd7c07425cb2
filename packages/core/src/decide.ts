/**
 * The decision: which server takes a request. `classify` says which class it is of, `chooseForClass` which server of
 * that class takes it; between the two lies a thread boundary in an acceptor and nothing in a simulation.
 *
 * Subsets are exclusive both ways, and here is where: a request of a class goes to the class's pool, or to its spill
 * pool if it has one, or to nobody. No other pool is ever looked at.
 */

import { affinityFor } from "./balance/affinity.ts";
import { NOBODY_TRIED } from "./balance/eligibility.ts";
import { explainPool, type PoolExplanation } from "./balance/explain.ts";
import { choose } from "./balance/picker.ts";
import { planFor } from "./balance/plan.ts";
import type { ChoiceTrace } from "./balance/trace.ts";
import type { PoolView } from "./balance/view.ts";
import { classify, classOf } from "./classify/classify.ts";
import type { CompiledRules } from "./classify/compile.ts";
import type { Facts } from "./classify/facts.ts";
import type { ClassRoute, ResolvedPool } from "./config/resolved.ts";

/** The view of a pool by its index in the configuration; undefined when there is none, and nobody is chosen from it. */
export type PoolViews = (pool: number) => PoolView | undefined;

/** Servers that have had this request already, by index, in each of the two pools that it may go to. */
export interface Tried {
  readonly pool: readonly number[];
  readonly spill: readonly number[];
}

/** For first attempts; shared, so that they allocate none. */
export const NONE_TRIED: Tried = Object.freeze({ pool: NOBODY_TRIED, spill: NOBODY_TRIED });

/** Where a request goes. An acceptor makes one and has it written over for every request. */
export interface Choice {
  /** Index of the pool; -1 when nobody takes the request. */
  pool: number;
  /** Index of the server in its pool; -1 when nobody takes the request. */
  server: number;
  /** The class's own pool could not take it and its spill pool does. */
  spilled: boolean;
  /** What all chance in the choice came from: the same views and seed give the same choice. */
  seed: number;
}

export function newChoice(): Choice {
  return { pool: -1, server: -1, spilled: false, seed: 0 };
}

/**
 * Chooses a server for a request of class `cls` and writes it into `choice`. Returns whether there is one; if not, the
 * answer is 503. Never throws, allocates nothing.
 *
 * @param affinity of the request (`affinityFor`); only pools that balance by `hash` look at it
 * @param trace holds afterwards what was compared in the pool that was asked last
 */
export function chooseForClass(
  cls: ClassRoute,
  views: PoolViews,
  seed: number,
  affinity: number,
  tried: Tried,
  choice: Choice,
  trace?: ChoiceTrace,
): boolean {
  choice.seed = seed;
  choice.spilled = false;
  if (chooseInPool(cls.pool, views, seed, affinity, tried.pool, choice, trace)) return true;
  choice.spilled =
    cls.spill >= 0 && chooseInPool(cls.spill, views, seed, affinity, tried.spill, choice, trace);
  return choice.spilled;
}

function chooseInPool(
  pool: number,
  views: PoolViews,
  seed: number,
  affinity: number,
  tried: readonly number[],
  choice: Choice,
  trace: ChoiceTrace | undefined,
): boolean {
  const view = views(pool);
  if (view === undefined) trace?.reset();
  choice.server = view === undefined ? -1 : choose(view, seed, affinity, tried, trace);
  choice.pool = choice.server < 0 ? -1 : pool;
  return choice.server >= 0;
}

/** What a generation of the configuration decides by. */
export interface DecisionRules {
  readonly compiled: CompiledRules;
  readonly classes: readonly ClassRoute[];
  readonly pools: readonly ResolvedPool[];
}

/** Everything that was decided about a request. */
export interface Decision {
  /** Index of the rule that matched; -1 when none did and the default class was taken. */
  readonly rule: number;
  /** Index of the class. */
  readonly class: number;
  readonly affinity: number;
  readonly choice: Readonly<Choice>;
}

/**
 * Both halves at once, on one thread: for simulation, replay and explanation. The same facts, rules, views and seed
 * give the same decision.
 */
export function decide(
  facts: Facts,
  rules: DecisionRules,
  views: PoolViews,
  seed: number,
  tried: Tried = NONE_TRIED,
): Decision {
  const rule = classify(facts, rules.compiled);
  const index = classOf(rule, rules.compiled);
  const cls = rules.classes[index] as ClassRoute;
  const affinity = affinityFor(facts, cls, rules.pools);
  const choice = newChoice();
  chooseForClass(cls, views, seed, affinity, tried, choice);
  return { rule, class: index, affinity, choice };
}

export interface ChoiceExplanation {
  readonly class: string;
  /** Name of the pool that takes the request; null is nobody. */
  readonly pool: string | null;
  readonly server: string | null;
  readonly spilled: boolean;
  readonly seed: number;
  readonly affinity: number;
  /** Sentences: what decided. */
  readonly why: string;
  /** The pools that were asked, in order: the class's own, then its spill pool if it came to that. */
  readonly pools: readonly PoolExplanation[];
}

/** `chooseForClass` once more, with everything that it saw, as plain JSON. `poolName` names a pool by its index. */
export function explainChoice(
  cls: ClassRoute,
  poolName: (pool: number) => string,
  views: PoolViews,
  seed: number,
  affinity: number,
  tried: Tried = NONE_TRIED,
): ChoiceExplanation {
  const own = explainIn(cls.pool, poolName, views, seed, affinity, tried.pool);
  const asksSpill = own.server < 0 && cls.spill >= 0;
  const pools = asksSpill ? [own, explainIn(cls.spill, poolName, views, seed, affinity, tried.spill)] : [own];
  const last = pools.at(-1) as PoolExplanation;
  const taken = last.server >= 0;
  return {
    class: cls.name,
    pool: taken ? last.pool : null,
    server: last.winner,
    spilled: taken && asksSpill,
    seed,
    affinity,
    why: whyOf(cls, pools),
    pools,
  };
}

function whyOf(cls: ClassRoute, pools: readonly PoolExplanation[]): string {
  const [own, spill] = pools.map((pool) => pool.why);
  if (spill !== undefined) return `${own} Class "${cls.name}" spills over. ${spill}`;
  const refused = pools[0]?.server === -1;
  return refused ? `${own} Class "${cls.name}" has no spill pool.` : `${own}`;
}

/** A pool without a view has nobody to choose from. */
const NO_SERVERS: PoolView = Object.freeze({
  balance: "least-load",
  candidates: [],
  acceptors: 1,
  outstandingPerServer: 0,
  outstandingLimit: 0,
  room: 0,
  turn: 0,
  plan: planFor([], "least-load"),
});

function explainIn(
  pool: number,
  poolName: (pool: number) => string,
  views: PoolViews,
  seed: number,
  affinity: number,
  tried: readonly number[],
): PoolExplanation {
  return explainPool(poolName(pool), views(pool) ?? NO_SERVERS, seed, affinity, tried);
}
