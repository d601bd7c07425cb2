import { FIXED } from "@shunt/core";
import { describe, expect, test } from "vitest";
import { TestLoop } from "../test-exchange.ts";
import { Sharing } from "./sharing.ts";

const { turn } = new TestLoop();

/** A server that needs `ms` for each request, all of a connection one behind the other, and `queueMs` before. */
function run(sharing: Sharing, rounds: number, ms: (request: number) => number, queueMs = 0): number[] {
  const depths: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // In each round more want to ride than may.
    const size = round % 16 === 0 ? 1 : sharing.depth;
    let took = queueMs;
    for (let i = 0; i < size; i++) took += ms(round * FIXED.sharedDepth + i);
    turn.startedAt += took;
    sharing.answered(size, turn.number, turn.startedAt - took, turn);
    turn.number++;
    depths.push(sharing.depth);
  }
  return depths;
}

const share = (depths: readonly number[], above: number): number =>
  depths.filter((depth) => depth > above).length / depths.length;

describe("a server that answers at once", () => {
  test("Sharing lets so many ride together that all are answered within a millisecond, and no more than its bound", () => {
    const depths = run(new Sharing(), 5_000, () => 0.05);
    expect(Math.max(...depths)).toBeGreaterThan(16);
    expect(share(depths.slice(1_000), 24)).toBeLessThan(0.1);
    expect(Math.max(...run(new Sharing(), 5_000, () => 0.001))).toBe(FIXED.sharedDepth);
  });

  test("Sharing lets many ride together where all wait anyway, in the server's queue or our own turns", () => {
    expect(Math.max(...run(new Sharing(), 5_000, () => 0.05, 10))).toBe(FIXED.sharedDepth);
  });
});

describe("a server that needs its time", () => {
  test.each([5, 50, 500])("Sharing lets hardly any two ride together when each needs %i ms", (ms) => {
    const depths = run(new Sharing(), 20_000, () => ms);
    expect(Math.max(...depths)).toBe(2);
    expect(share(depths, 1)).toBeLessThan(0.01);
  });

  test("Sharing lets two ride together when each needs a millisecond, not four", () => {
    const depths = run(new Sharing(), 5_000, () => 1);
    expect(Math.max(...depths)).toBeLessThan(4);
  });

  test("Sharing stops when a fast server becomes slow, and begins again when it is fast again", () => {
    const sharing = new Sharing();
    run(sharing, 2_000, () => 0.02);
    expect(sharing.depth).toBeGreaterThan(16);
    run(sharing, 200, () => 5);
    expect(sharing.depth).toBeLessThan(3);
    run(sharing, 20_000, () => 0.02);
    expect(sharing.depth).toBeGreaterThan(16);
  });
});

test("Sharing takes a single long answer for no reason to stop", () => {
  const sharing = new Sharing();
  run(sharing, 2_000, () => 0.02);
  const before = sharing.depth;
  run(sharing, 2, () => 100);
  expect(sharing.depth).toBeGreaterThanOrEqual(before);
});

test("Sharing holds up no more than one request of 200, however often a server stalls", () => {
  const sharing = new Sharing();
  let requests = 0;
  let heldUp = 0;
  for (let i = 0; i < 50_000; i++) {
    const size = sharing.depth;
    const sentAt = turn.startedAt;
    turn.startedAt += 0.1;
    // One connection of 20 has a request that stalls.
    if (i % 20 === 0 && size > 1) {
      heldUp += size - 1;
      sharing.heldUp(size - 1, turn.number, turn);
    } else sharing.answered(size, turn.number, sentAt, turn);
    turn.number++;
    requests += size;
  }
  expect(heldUp / requests).toBeLessThan(1 / 150);
  expect(heldUp).toBeGreaterThan(0);
});

test("Sharing ends for good at a server that answers otherwise than it was asked", () => {
  const sharing = new Sharing();
  run(sharing, 1_000, () => 0.02);
  sharing.distrust();
  expect(Math.max(...run(sharing, 1_000, () => 0.02))).toBe(1);
});
