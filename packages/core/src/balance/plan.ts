/**
 * What balancers compute once per snapshot and not per request. It follows from names and weights alone: every
 * acceptor, on whichever host, in whichever order it learns of the servers, derives the same ring.
 */

import type { BalanceName } from "../config/resolved.ts";
import { hash32 } from "./hash.ts";
import type { BalancePlan } from "./view.ts";

export interface PlannedServer {
  readonly name: string;
  /** Above 0. */
  readonly weight: number;
}

/** Turns of one round-robin cycle at most, unless there are more servers: bounds memory, and weights to 0.1 per cent. */
export const ORDER_TURNS = 1_024;

/** Weights are exact to this part of one in a round-robin cycle, where the cycle is not longer than ORDER_TURNS. */
const WEIGHT_STEPS = 1_000;

/** Points of the heaviest server, at most; at least half of it. 128 points keep a server within about 9 per cent of its share. */
export const RING_POINTS = 256;

/** Owners are held in 16 bits. */
export const RING_OWNERS = 65_536;

const NO_ORDER: readonly number[] = Object.freeze([]);
const NO_POINTS = new Uint32Array(0);
const NO_OWNERS = new Uint16Array(0);

/**
 * The plan that `balance` needs for these servers, in the order of the candidates.
 *
 * @throws RangeError for more than 65,536 servers in a hash pool
 */
export function planFor(servers: readonly PlannedServer[], balance: BalanceName): BalancePlan {
  switch (balance) {
    case "round-robin":
      return { order: smoothOrder(servers), ringPoints: NO_POINTS, ringOwners: NO_OWNERS };
    case "hash":
      return { order: NO_ORDER, ...ring(servers) };
    case "least-load":
    case "p2c":
    case "peak-ewma":
      return { order: NO_ORDER, ringPoints: NO_POINTS, ringOwners: NO_OWNERS };
    default:
      return balance satisfies never;
  }
}

/** A plan, and what it was made for. */
export interface Planned {
  readonly servers: readonly PlannedServer[];
  readonly balance: BalanceName;
  readonly plan: BalancePlan;
}

/**
 * As `planFor`, but for what has been planned `before` in the same way: most changes leave most pools as they are, and
 * while a ring of a thousand servers is made, for tens of milliseconds, nobody is served.
 */
export function planAgain(
  before: Planned | undefined,
  servers: readonly PlannedServer[],
  balance: BalanceName,
): Planned {
  const isSame = before?.balance === balance && areSame(before.servers, servers);
  return { servers, balance, plan: isSame ? before.plan : planFor(servers, balance) };
}

function areSame(some: readonly PlannedServer[], others: readonly PlannedServer[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, weight }, i) => name === others[i]?.name && weight === others[i].weight)
  );
}

/**
 * One cycle in which each server has turns in proportion to its weight, spread as evenly as can be (nginx's smooth
 * weighted round-robin): at each turn everybody gains its number of turns, the richest is served and pays the total.
 */
function smoothOrder(servers: readonly PlannedServer[]): number[] {
  const turns = turnsPerCycle(servers.map((server) => server.weight));
  const total = sum(turns);
  const credit = turns.map(() => 0);
  const order: number[] = [];
  while (order.length < total) {
    let richest = 0;
    for (let i = 0; i < turns.length; i++) {
      credit[i] = (credit[i] as number) + (turns[i] as number);
      if ((credit[i] as number) > (credit[richest] as number)) richest = i;
    }
    credit[richest] = (credit[richest] as number) - total;
    order.push(richest);
  }
  return order;
}

/** Weights as the smallest whole numbers in the same proportion, at least 1 each; approximate where they add to too much. */
function turnsPerCycle(weights: readonly number[]): number[] {
  const whole = weights.map((weight) => Math.max(1, Math.round(weight * WEIGHT_STEPS)));
  const divisor = whole.reduce(greatestCommonDivisor, 0);
  const total = sum(whole);
  if (total / divisor <= Math.max(ORDER_TURNS, weights.length)) return whole.map((turns) => turns / divisor);
  return whole.map((turns) => Math.max(1, Math.round((turns * ORDER_TURNS) / total)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/**
 * Points and owners, ascending. Point and owner are sorted as one number of 48 bits, exact in a double. Where two
 * servers hit the same point the first by name has it: the order of the list differs when a server was added.
 */
function ring(servers: readonly PlannedServer[]): Pick<BalancePlan, "ringPoints" | "ringOwners"> {
  if (servers.length > RING_OWNERS) {
    throw new RangeError(
      `Cannot plan a hash ring: expected at most ${RING_OWNERS} servers, received ${servers.length}`,
    );
  }
  const byName = servers.map((_, i) => i).sort((a, b) => compareNames(servers, a, b));
  const unit = pointsPerWeight(servers);
  const entries: number[] = [];
  byName.forEach((index, rank) => {
    const { name, weight } = servers[index] as PlannedServer;
    const points = Math.max(1, Math.round(weight * unit));
    // The number stands first: behind the name, two names of the same hash would collide in all their points
    for (let k = 0; k < points; k++) entries.push(hash32(`${k}/${name}`) * RING_OWNERS + rank);
  });
  const sorted = Float64Array.from(entries).sort();
  const ringPoints = new Uint32Array(sorted.length);
  const ringOwners = new Uint16Array(sorted.length);
  sorted.forEach((entry, i) => {
    ringPoints[i] = Math.floor(entry / RING_OWNERS);
    ringOwners[i] = byName[entry % RING_OWNERS] as number;
  });
  return { ringPoints, ringOwners };
}

/**
 * Points per unit of weight. The heaviest weight counts rounded up to a power of two, so that a server that comes or
 * goes changes the points of the others only when it moves the heaviest past such a power.
 */
function pointsPerWeight(servers: readonly PlannedServer[]): number {
  const heaviest = servers.reduce((most, server) => Math.max(most, server.weight), 0);
  return RING_POINTS / 2 ** Math.ceil(Math.log2(heaviest));
}

function compareNames(servers: readonly PlannedServer[], a: number, b: number): number {
  const left = (servers[a] as PlannedServer).name;
  const right = (servers[b] as PlannedServer).name;
  return left < right ? -1 : left > right ? 1 : a - b;
}
