import type { Publication, Snapshot } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import type { BusPeer } from "../bus/state-bus.ts";
import { type Member, Registry } from "../membership/registry.ts";
import { testConfig } from "../test-config.ts";
import { LoadPublication } from "./publication.ts";
import { STALE_AFTER_MS } from "./staleness.ts";

const version = { term: 3, generation: 7 };
const config = testConfig("unused");
const pool = { ...config.pools[0], name: "a", servers: [{ ...config.pools[0]?.servers[0], name: "1" }] };
const of = (pools: unknown): Snapshot => ({ ...version, config: { ...config, pools } }) as Snapshot;
let snapshot: Snapshot;
let now: number;
let registry: Registry;
let publication: LoadPublication;
let told: Publication[];

beforeEach(() => {
  now = 1_000_000;
  snapshot = of([pool]);
  registry = new Registry(() => now);
  told = [];
  publication = new LoadPublication(
    registry,
    () => snapshot,
    (each) => told.push(each),
  );
});

/** An acceptor with something outstanding at a/1. */
function acceptor(id: string, outstanding: number): Member {
  const peer: BusPeer = { send: () => {}, close: () => {} };
  const hello = {
    kind: "hello",
    acceptor: id,
    host: "h",
    pid: 1,
    term: 0,
    generation: 1,
    version: "0",
  } as const;
  const member = registry.join(peer, hello);
  report(member, outstanding);
  return member;
}

function report(member: Member, outstanding: number): void {
  registry.takeLoad(member, {
    kind: "load",
    seq: member.loadSeq + 1,
    servers: [["a/1", outstanding]],
    shares: [],
    granted: 0,
  });
}

const load = (included: Record<string, number>, outstanding: number): Publication => ({
  kind: "load",
  ...version,
  included,
  outstanding: [outstanding],
  announced: {},
});

test("LoadPublication tells what all have together and which reports are in it, and again only after a report", () => {
  acceptor("a1", 3);
  const second = acceptor("a2", 4);
  publication.tick();
  publication.tick();
  report(second, 7);
  publication.tick();
  expect(told).toEqual([load({ a1: 1, a2: 1 }, 7), load({ a1: 1, a2: 2 }, 10)]);
});

test("LoadPublication tells an unchanged table again after five ticks", () => {
  acceptor("a1", 3);
  for (let tick = 0; tick < 11; tick++) publication.tick();
  expect(told).toEqual([load({ a1: 1 }, 3), load({ a1: 1 }, 3), load({ a1: 1 }, 3)]);
});

test("LoadPublication counts a silent acceptor no more, and again as soon as it speaks", () => {
  const speaking = acceptor("a1", 0);
  const silent = acceptor("a2", 4);
  publication.tick();
  now += STALE_AFTER_MS + 1;
  registry.heardFrom(speaking);
  publication.tick();
  registry.heardFrom(silent);
  publication.tick();
  expect(told).toEqual([load({ a1: 1, a2: 1 }, 4), load({ a1: 1 }, 0), load({ a1: 1, a2: 1 }, 4)]);
});

test("LoadPublication counts an acceptor that has left no more", () => {
  acceptor("a1", 0);
  const leaving = acceptor("a2", 4);
  publication.tick();
  registry.leave(leaving.peer);
  publication.tick();
  expect(told).toEqual([load({ a1: 1, a2: 1 }, 4), load({ a1: 1 }, 0)]);
});

test("LoadPublication does not take a sign of life for a change", () => {
  const member = acceptor("a1", 3);
  publication.tick();
  registry.takeLoad(member, { kind: "load", seq: 2, servers: [], shares: [], granted: 0 });
  publication.tick();
  expect(told).toHaveLength(1);
});

test("LoadPublication tells of the servers of a new snapshot at once", () => {
  acceptor("a1", 3);
  publication.tick();
  snapshot = { ...of([{ ...pool, name: "b" }, pool]), generation: 8 };
  publication.tick();
  expect(told.at(-1)).toMatchObject({ generation: 8, outstanding: [0, 3] });
});
