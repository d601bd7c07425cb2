import type { Mistake } from "./mistake.ts";
import type { Limits } from "./resolved.ts";

interface Relation {
  readonly smaller: keyof Limits;
  readonly larger: keyof Limits;
  /** Whether the two may be equal. */
  readonly equal: boolean;
  readonly why: string;
}

const RELATIONS: readonly Relation[] = [
  {
    smaller: "targetBytes",
    larger: "headBytes",
    equal: false,
    why: "the target is a part of the head, so a longer one would always be refused as a head",
  },
  {
    smaller: "trailerBytes",
    larger: "headBytes",
    equal: true,
    why: "trailers are fields that come late, and no more of them than of those in a head",
  },
  {
    smaller: "headBytes",
    larger: "responseBufferBytes",
    equal: true,
    why: "the head of a response that waits for its turn has to fit",
  },
  {
    smaller: "connectionsPerClient",
    larger: "connections",
    equal: true,
    why: "one client has no more connections than all together",
  },
  {
    smaller: "idlePerServer",
    larger: "outstandingPerServer",
    equal: true,
    why: "there are never more connections than outstanding requests",
  },
];

/** The relations between limits that do not hold, each at the value that is too large for the other. */
export function brokenRelations(limits: Limits): Mistake[] {
  return RELATIONS.filter((relation) => !holds(relation, limits)).map((relation) =>
    describe(relation, limits),
  );
}

function holds({ smaller, larger, equal }: Relation, limits: Limits): boolean {
  return limits[smaller] < limits[larger] || (equal && limits[smaller] === limits[larger]);
}

function describe({ smaller, larger, equal, why }: Relation, limits: Limits): Mistake {
  const bound = equal ? "at most" : "less than";
  return {
    path: ["limits", smaller],
    problem: `found ${limits[smaller]}`,
    expected: `${bound} limits.${larger}, which is ${limits[larger]}: ${why}`,
  };
}
