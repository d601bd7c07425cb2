import type { CoordinatorMessage } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import type { BusPeer } from "../bus/unix-socket.ts";
import { type Member, Registry } from "../membership/registry.ts";
import { LoadPublication } from "./publication.ts";
import { STALE_AFTER_MS } from "./staleness.ts";

let now: number;
let registry: Registry;
let publication: LoadPublication;

beforeEach(() => {
  now = 1_000_000;
  registry = new Registry(() => now);
  publication = new LoadPublication(registry, ["a/1"]);
});

/** An acceptor with something outstanding at a/1, and what it was told. */
function acceptor(id: string, outstanding: number) {
  const told: CoordinatorMessage[] = [];
  const peer: BusPeer = { send: (message) => told.push(message), close: () => {} };
  const member = registry.join(peer, { kind: "hello", acceptor: id, pid: 1, generation: 1, version: "0" });
  set(member, outstanding);
  return { member, told };
}

function set(member: Member, outstanding: number): void {
  const rest = { latencyMs: 0, requests: 0, failures: 0, connections: 0, ejected: false };
  member.loads.set("a/1", { server: "a/1", outstanding, ...rest });
}

const load = (acceptors: number, outstanding: number) => ({
  kind: "load",
  acceptors,
  servers: [{ server: "a/1", outstanding }],
});

test("LoadPublication tells each acceptor what the others have, and again only when that has changed", () => {
  const first = acceptor("a1", 3);
  const second = acceptor("a2", 4);
  publication.tick();
  publication.tick();
  set(second.member, 7);
  publication.tick();
  expect(first.told).toEqual([load(2, 4), load(2, 7)]);
  expect(second.told).toEqual([load(2, 3)]);
});

test("LoadPublication tells an unchanged table again after five ticks", () => {
  const only = acceptor("a1", 3);
  for (let tick = 0; tick < 11; tick++) publication.tick();
  expect(only.told).toEqual([load(1, 0), load(1, 0), load(1, 0)]);
});

test("LoadPublication counts a silent acceptor no more, and again as soon as it speaks", () => {
  const speaking = acceptor("a1", 0);
  const silent = acceptor("a2", 4);
  publication.tick();
  now += STALE_AFTER_MS + 1;
  registry.heardFrom(speaking.member);
  publication.tick();
  registry.heardFrom(silent.member);
  publication.tick();
  expect(speaking.told).toEqual([load(2, 4), load(1, 0), load(2, 4)]);
});

test("LoadPublication counts an acceptor that has left no more", () => {
  const staying = acceptor("a1", 0);
  const leaving = acceptor("a2", 4);
  publication.tick();
  registry.leave(leaving.member.peer);
  publication.tick();
  expect(staying.told).toEqual([load(2, 4), load(1, 0)]);
});
