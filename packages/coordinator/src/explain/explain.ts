import {
  affinityFor,
  type ChoiceExplanation,
  type CompiledRules,
  compileRules,
  type DataPlaneConfig,
  explainChoice,
  explainRules,
  isPanic,
  type PoolView,
  planFor,
  type Refusal,
  type ResolvedLimit,
  type ResolvedPool,
  type RulesExplanation,
  type Snapshot,
  UNBOUNDED,
} from "@shunt/core";
import type { TotalLoad } from "../load/aggregate.ts";
import { type AskedRequest, type FactsOrRefusal, readRequest } from "./request.ts";

/** What servers are loaded with now; empty where nobody measures. */
export interface LoadsNow {
  /** Acceptors that take part; at least 1. */
  readonly acceptors: number;
  /** By `pool/server`. */
  readonly servers: ReadonlyMap<string, TotalLoad>;
  /** Servers that active checks find unhealthy, as `pool/server`. */
  readonly unhealthy?: ReadonlySet<string>;
}

export const NO_LOADS: LoadsNow = { acceptors: 1, servers: new Map() };

/** Why a request would go where, as plain data. */
export type Explanation =
  | { readonly outcome: "refused"; readonly generation: number; readonly refusal: Refusal }
  | {
      readonly outcome: "decided";
      readonly generation: number;
      /** What the request is to the rules. */
      readonly request: {
        readonly method: string;
        readonly host: string;
        readonly path: string;
        readonly client: string;
        readonly user: string | null;
      };
      /** Name of the rule that matched; null is none. */
      readonly rule: string | null;
      readonly class: string;
      readonly rules: RulesExplanation;
      readonly choice: ChoiceExplanation;
      /** What differs from a request that really comes; sentences. */
      readonly notes: readonly string[];
    };

/** Explains requests against one snapshot; its rules are compiled once. */
export class Explainer {
  readonly #snapshot: Snapshot;
  readonly #compiled: CompiledRules;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#compiled = compileRules(snapshot.config.rules, snapshot.config.defaultClass);
  }

  isOf(snapshot: Snapshot): boolean {
    return snapshot === this.#snapshot;
  }

  /** @throws RangeError when the client is no address. */
  explain(asked: AskedRequest, loads: LoadsNow, seed: number): Explanation {
    const { generation, config } = this.#snapshot;
    const read = readRequest(asked, config, this.#compiled);
    if (read.kind === "refused") return { outcome: "refused", generation, refusal: read.refusal };
    const { facts } = read;
    const rules = explainRules(facts, config.rules, this.#compiled);
    const cls = config.classes[rules.class];
    if (cls === undefined) throw new RangeError(`The configuration has no class ${rules.class}`);
    const { method, host, path, client, user } = facts;
    return {
      outcome: "decided",
      generation,
      request: { method, host, path, client: client.text, user: user ?? null },
      rule: config.rules[rules.rule]?.name ?? null,
      class: cls.name,
      rules,
      choice: explainChoice(
        cls,
        (pool) => config.pools[pool]?.name ?? "",
        (pool) => this.#view(config.pools[pool], loads),
        seed,
        affinityFor(facts, cls, config.pools),
      ),
      notes: [...notesOn(asked, config), ...notesOnContent(read, asked)],
    };
  }

  /** As one acceptor would see it that knows of all that is outstanding, and of all limits together. */
  #view(pool: ResolvedPool | undefined, loads: LoadsNow): PoolView | undefined {
    if (pool === undefined) return undefined;
    const { acceptors, servers } = loads;
    const { outstandingPerServer } = this.#snapshot.config.limits;
    const takes = takersOf(pool, loads);
    return {
      balance: pool.balance,
      candidates: pool.servers.map(({ name, weight, limit }, index) => {
        const load = servers.get(`${pool.name}/${name}`);
        return {
          name,
          weight,
          ramp: 1,
          ready: takes[index] === true,
          outstanding: load?.outstanding ?? 0,
          reported: 0,
          reportedAverage: 0,
          reportedAgeMs: 0,
          latencyMs: load?.latencyMs ?? 0,
          announced: pool.announcedLoad === undefined ? 0 : (load?.announced ?? 0),
          announcedAgeMs: 0,
          limit: limit === undefined ? UNBOUNDED : limitTogether(limit, acceptors),
          room: UNBOUNDED,
        };
      }),
      acceptors,
      outstandingPerServer: outstandingPerServer * acceptors,
      outstandingLimit: pool.limit === undefined ? 0 : limitTogether(pool.limit, acceptors),
      room: UNBOUNDED,
      turn: 0,
      plan: planFor(pool.servers, pool.balance),
    };
  }
}

/** Of all acceptors together. */
function limitTogether({ outstanding, scope }: ResolvedLimit, acceptors: number): number {
  return scope === "cluster" ? outstanding : outstanding * acceptors;
}

/** Which servers take requests: those that are available, or in a panic all that are ready. */
function takersOf({ name: pool, servers, health }: ResolvedPool, loads: LoadsNow): boolean[] {
  const ready = servers.map(({ state }) => state === "ready");
  const available = servers.map(({ name }, index) => {
    const id = `${pool}/${name}`;
    const unhealthy = health.active !== undefined && loads.unhealthy?.has(id) === true;
    return ready[index] === true && !unhealthy && (loads.servers.get(id)?.ejectedBy ?? 0) < loads.acceptors;
  });
  const count = (each: readonly boolean[]): number => each.filter(Boolean).length;
  return isPanic(count(ready), count(available), health.panicPercent) ? ready : available;
}

type Decided = Extract<FactsOrRefusal, { readonly kind: "facts" }>;

function notesOnContent({ waits, contentUnknown }: Decided, { body }: AskedRequest): string[] {
  const notes: string[] = [];
  if (waits) notes.push("The content decides: an acceptor waits for it before it chooses a server.");
  if (!contentUnknown) return notes;
  if (body === undefined) notes.push("The content is not given here: nothing is known of its fields.");
  else {
    const reasons = "its type or coding is not one that is read, or it is too long, or not well-formed";
    notes.push(`Nothing is known of the fields of the content: ${reasons}.`);
  }
  return notes;
}

const ABOUT_CLIENTS = new Set(["forwarded", "x-real-ip", "x-request-id"]);

/** Whether a field is believed from trusted peers alone. */
function isBelieved(name: string, { trust }: DataPlaneConfig): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith("x-forwarded-") || ABOUT_CLIENTS.has(lower) || trust.fields.includes(lower);
}

function notesOn({ user, headers, client }: AskedRequest, config: DataPlaneConfig): string[] {
  const { identity, trust } = config;
  const notes: string[] = [];
  if (identity.kind !== "none" && user === undefined)
    notes.push("Credentials are not evaluated here: name the user as whom the request is to be explained.");
  const ignored = headers.filter(([name]) => isBelieved(name, config)).map(([name]) => name);
  if (ignored.length > 0 && trust.peers.length === 0)
    notes.push(`${ignored.join(", ")}: not believed, since ${client} is not one of trust.peers.`);
  return notes;
}
