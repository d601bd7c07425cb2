import type { AcceptorMessage, Report } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import { HELLO } from "../membership/test-hello.ts";
import { RedisPeers } from "./redis-peers.ts";
import type { BusPeer } from "./state-bus.ts";

let now: number;
let peers: RedisPeers;
let heard: { readonly peer: BusPeer; readonly kind: AcceptorMessage["kind"] }[];
let gone: BusPeer[];
let asked: string[];

beforeEach(() => {
  now = 0;
  heard = [];
  gone = [];
  asked = [];
  peers = new RedisPeers({
    listener: {
      onMessage: (peer, { kind }) => heard.push({ peer, kind }),
      onGone: (peer) => gone.push(peer),
    },
    ask: (acceptor, { kind }) => asked.push(`${acceptor} ${kind}`),
    closed: () => {},
    now: () => now,
  });
});

const LOAD = { kind: "load", seq: 1, servers: [], shares: [], granted: 0 } as const;
const RECENT = { kind: "recent", request: 1, exchanges: [] } as const;

function says(number: number, message: Report["message"], life = "l1"): void {
  peers.hear({ acceptor: "a1", life, number, message });
}

const kinds = (): string[] => heard.map(({ kind }) => kind);

test("RedisPeers listens to an acceptor from its hello on, and asks whom it meets without one", () => {
  says(7, LOAD);
  expect([kinds(), asked]).toEqual([[], ["a1 tell-all"]]);
  says(8, HELLO);
  says(9, LOAD);
  expect([kinds(), asked.length]).toEqual([["hello", "load"], 1]);
});

test("RedisPeers takes no changes of loads after a gap until all was told anew, and asks once a second", () => {
  says(1, HELLO);
  says(3, LOAD);
  says(4, LOAD);
  says(5, RECENT);
  expect([kinds(), asked]).toEqual([["hello", "recent"], ["a1 tell-all"]]);
  now = 1_000;
  says(6, LOAD);
  expect(asked).toHaveLength(2);
  says(7, HELLO);
  says(8, LOAD);
  expect(kinds()).toEqual(["hello", "recent", "hello", "load"]);
});

test("RedisPeers hears once what it reads twice", () => {
  says(1, HELLO);
  says(2, LOAD);
  says(1, HELLO);
  says(2, LOAD);
  expect([kinds(), asked]).toEqual([["hello", "load"], []]);
});

test("RedisPeers lets one life go when another speaks under its name, and when it says that it leaves", () => {
  says(1, HELLO);
  says(1, HELLO, "l2");
  expect(gone).toEqual([heard[0]?.peer]);
  expect(heard[1]?.peer).not.toBe(heard[0]?.peer);
  // The last words of the life before are about nobody any more.
  says(2, undefined);
  expect(gone).toHaveLength(1);
  says(2, undefined, "l2");
  expect(gone).toHaveLength(2);
});

test("RedisPeers lets go whoever is missing three times in a row, and nobody after one empty look", () => {
  says(1, HELLO);
  peers.look([]);
  peers.look([]);
  peers.look(["a1"]);
  peers.look([]);
  peers.look([]);
  expect(gone).toEqual([]);
  peers.look([]);
  expect(gone).toHaveLength(1);
});

test("RedisPeers asks all who are registered and were not heard", () => {
  says(1, HELLO);
  peers.look(["a1", "a2", "a3"]);
  expect(asked).toEqual(["a2 tell-all", "a3 tell-all"]);
});

test("RedisPeers does not listen to whom somebody has closed until it says hello again", () => {
  says(1, HELLO);
  heard[0]?.peer.close("why not");
  says(2, LOAD);
  expect([kinds(), asked]).toEqual([["hello"], ["a1 tell-all"]]);
  says(3, HELLO);
  says(4, LOAD);
  expect(kinds()).toEqual(["hello", "hello", "load"]);
});
