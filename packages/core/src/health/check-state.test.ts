import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterCheck, afterFirstCheck, type CheckState, UNCHECKED } from "./check-state.ts";

const POLICY = { rise: 2, fall: 3 };

function after(results: readonly boolean[], from: CheckState = UNCHECKED): CheckState {
  return results.reduce(
    (state, passed) => afterCheck(state, { passed, found: passed ? "status 200" : "status 503" }, POLICY),
    from,
  );
}

describe("afterCheck()", () => {
  it("takes as many checks in a row as it is told before it changes sides", () => {
    expect([after([false, false]).healthy, after([false, false, false]).healthy]).toEqual([true, false]);
    const down = after([false, false, false]);
    expect([after([true], down).healthy, after([true, true], down).healthy]).toEqual([false, true]);
  });

  it("begins to count anew after a check that agrees", () => {
    expect(after([false, false, true, false, false]).healthy).toBe(true);
  });

  it("gives the reason of the check that decided", () => {
    expect(after([false, false, false]).reason).toBe("3 checks in a row failed: status 503");
    expect(after([false, false, false, true, true]).reason).toBe("2 checks in a row passed: status 200");
  });

  it("makes no new record while nothing changes", () => {
    expect(after([true, true])).toBe(UNCHECKED);
  });

  it("is on the side of the last run of results that was long enough", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (results) => {
        let healthy = true;
        for (let end = 1; end <= results.length; end++) {
          const said = results.slice(0, end);
          if (said.length >= 2 && said.slice(-2).every((passed) => passed)) healthy = true;
          if (said.length >= 3 && said.slice(-3).every((passed) => !passed)) healthy = false;
        }
        expect(after(results).healthy).toBe(healthy);
      }),
    );
  });
});

describe("afterFirstCheck()", () => {
  it("is decided by that check alone", () => {
    const failed = afterFirstCheck({ passed: false, found: "status 503" });
    expect([failed.healthy, failed.reason]).toEqual([false, "its first check failed: status 503"]);
    expect(after([true], failed).healthy).toBe(false);
    expect(afterFirstCheck({ passed: true, found: "status 200" }).healthy).toBe(true);
  });
});
