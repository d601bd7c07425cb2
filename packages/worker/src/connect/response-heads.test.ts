import { HEAD, type ResponseHead } from "@shunt/core";
import { expect, test } from "vitest";
import { snapshotOf } from "../test-snapshot.ts";
import { Backend } from "./backend.ts";
import { ResponseHeads } from "./response-heads.ts";

const { limits } = snapshotOf().config;
const HEAD_OF_THREE = Buffer.from("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");

function backend(port: number): Backend {
  const name = {
    name: `s${port}`,
    host: "h",
    port,
    authority: `h:${port}`,
    weight: 1,
    state: "ready",
  } as const;
  return new Backend("general", name, () => 0);
}

function outcomeOf(head: ResponseHead): number {
  return head.judge(HEAD_OF_THREE, 0, HEAD_OF_THREE.length, false);
}

test("ResponseHeads gives few servers each its own, the same for all its connections, and many no more than eight", () => {
  const heads = new ResponseHeads(limits);
  const servers = Array.from({ length: 30 }, (_, port) => backend(port));
  const first = servers.map((server) => heads.of(server));
  expect(servers.every((server, i) => heads.of(server) === first[i])).toBe(true);
  expect([new Set(first.slice(0, 8)).size, new Set(first).size]).toEqual([8, 8]);
});

test("ResponseHeads holds all to the limits of now, those that it gave before and those that it makes", () => {
  const heads = new ResponseHeads(limits);
  const before = heads.of(backend(1));
  const outcomes = (): number[] => [before, heads.announcing, heads.of(backend(2))].map(outcomeOf);
  heads.limits = { ...limits, fields: 2 };
  expect(outcomes()).toEqual([HEAD.REFUSED, HEAD.REFUSED, HEAD.REFUSED]);
  heads.limits = limits;
  expect(outcomes()).toEqual([HEAD.COMPLETE, HEAD.COMPLETE, HEAD.COMPLETE]);
});
