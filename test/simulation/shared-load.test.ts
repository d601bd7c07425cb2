import { beforeAll, describe, expect, it } from "vitest";
import { type Knowledge, type Measured, measure, scenario } from "./shared-load.ts";

const ALL: readonly Knowledge[] = ["one acceptor", "shared", "own"];

describe("least-load of six acceptors that are used unevenly, with two of eight servers three times slower", () => {
  describe.each([
    [4, 30],
    [16, 30],
  ])(
    "with %i requests outstanding at each server, answers of %i ms, and clients that ask again and again",
    (outstanding, ms) => {
      let measured: Readonly<Record<Knowledge, Measured>>;

      beforeAll(() => {
        const runs = ALL.map((knowledge) => {
          const of = scenario(knowledge, "clients that ask again and again", ms, outstanding, 7);
          return [knowledge, measure(of)] as const;
        });
        measured = Object.fromEntries(runs) as Record<Knowledge, Measured>;
      });

      it("spreads requests with shared load at most 1.2 times as unevenly as one acceptor alone", () => {
        expect(measured.shared.range).toBeLessThan(1.2 * measured["one acceptor"].range);
        expect(measured.shared.deviation).toBeLessThan(1.2 * measured["one acceptor"].deviation);
      });

      it("spreads them more than twice as unevenly without it", () => {
        expect(measured.own.range).toBeGreaterThan(2 * measured.shared.range);
      });

      it("has a p99 no longer than that of one acceptor, and without shared load a longer one", () => {
        expect(measured.shared.p99).toBeLessThan(1.03 * measured["one acceptor"].p99);
        expect(measured.own.p99).toBeGreaterThan(measured.shared.p99);
      });
    },
  );

  it("leaves no server fuller than others for long when requests come at random", () => {
    const of = (knowledge: Knowledge) => measure(scenario(knowledge, "requests at random", 30, 4, 7));
    const [one, shared, own] = ALL.map(of) as [Measured, Measured, Measured];
    expect(shared.lasting).toBeLessThan(1.2 * one.lasting);
    expect(own.lasting).toBeGreaterThan(2 * shared.lasting);
    expect(shared.range).toBeLessThan(own.range);
  });
});
