import { describe, expect, it } from "vitest";
import { FAILURE } from "../errors.ts";
import {
  admits,
  advanced,
  answered,
  countsAgainstServer,
  EJECTION_TRANSITIONS,
  type Ejection,
  type EjectionPolicy,
  failed,
  foundOutlier,
  newEjection,
  requested,
} from "./ejection.ts";

const POLICY: EjectionPolicy = { failures: 3, baseMs: 1_000, maxMs: 8_000, probeEveryMs: 500 };

/** `count` attempts that begin and fail at `now`. */
function failing(ejection: Ejection, count: number, now: number, may = true): Ejection {
  let after = ejection;
  for (let i = 0; i < count; i++) after = failed(after, now, now, POLICY, may);
  return after;
}

/** A server ejected at `now` for the first time. */
function ejectedAt(now: number): Ejection {
  return failing(newEjection(now), 3, now);
}

describe("Ejection", () => {
  it("ejects at the third failure in a row and not before", () => {
    expect(failing(newEjection(0), 2, 10).state).toBe("alive");
    expect(failing(newEjection(0), 3, 10).state).toBe("ejected");
  });

  it("counts failures in a row only: an answer between them begins the count anew", () => {
    const once = answered(failing(newEjection(0), 2, 10), 10, 11);
    expect(failing(once, 2, 12).state).toBe("alive");
  });

  it("leaves ejected by time alone, and then probes", () => {
    const ejection = ejectedAt(0);
    expect(advanced(ejection, 999)).toBe(ejection);
    expect(admits(ejection, 5_000)).toBe(false);
    expect(advanced(ejection, 1_000).state).toBe("probing");
    expect(advanced(advanced(ejection, 1_000), 90_000).state).toBe("probing");
  });

  it("stays ejected when a straggler succeeds", () => {
    const ejection = ejectedAt(100);
    expect(answered(ejection, 50, 200)).toBe(ejection);
    expect(answered(ejection, 150, 200)).toBe(ejection);
  });

  it("stays probing when a straggler from before the probe succeeds or fails", () => {
    const probing = advanced(ejectedAt(100), 1_100);
    expect(answered(probing, 90, 1_200)).toBe(probing);
    expect(failed(probing, 90, 1_200, POLICY, true)).toBe(probing);
  });

  it("comes alive by the answer to a probe, with no failure counted", () => {
    const probing = advanced(ejectedAt(0), 1_000);
    const alive = answered(probing, 1_001, 1_002);
    expect([alive.state, alive.failures]).toEqual(["alive", 0]);
    expect(failing(alive, 2, 1_003).state).toBe("alive");
  });

  it("does not count against a revived server what was begun before", () => {
    const alive = answered(advanced(ejectedAt(0), 1_000), 1_001, 1_002);
    let after = alive;
    for (let i = 0; i < 3; i++) after = failed(after, 1_000, 1_003, POLICY, true);
    expect(after).toBe(alive);
  });

  it("is ejected again by one failed probe, for twice as long, up to the maximum", () => {
    let ejection = ejectedAt(0);
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      waits.push(ejection.until - ejection.since);
      const now = ejection.until;
      ejection = failed(advanced(ejection, now), now, now, POLICY, true);
      expect(ejection.state).toBe("ejected");
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  it("waits longer for a server that comes and goes, and forgives one that stayed", () => {
    const revived = answered(advanced(ejectedAt(0), 1_000), 1_000, 1_000);
    const flapping = failing(revived, 3, 2_000);
    expect(flapping.until - flapping.since).toBe(2_000);
    const reformed = failing(revived, 3, 1_000 + POLICY.maxMs);
    expect(reformed.until - reformed.since).toBe(1_000);
  });

  it("makes no new record for an answer of a living server", () => {
    const alive = newEjection(0);
    expect(answered(alive, 5, 6)).toBe(alive);
  });

  it("is ejected as an outlier at once, and only while it is alive", () => {
    const outlier = foundOutlier(newEjection(0), "errors", 10, POLICY);
    expect([outlier.state, outlier.cause, outlier.until]).toEqual(["ejected", "errors", 1_010]);
    expect(foundOutlier(outlier, "slowness", 11, POLICY)).toBe(outlier);
  });

  it("keeps what it was ejected for when a probe shows it once more", () => {
    const probing = advanced(foundOutlier(newEjection(0), "errors", 0, POLICY), 1_000);
    const again = failed(probing, 1_000, 1_001, POLICY, true, "errors");
    expect([again.state, again.cause, again.until]).toEqual(["ejected", "errors", 3_001]);
  });

  it("never counts failures to an end where none are asked for", () => {
    let ejection = newEjection(0);
    for (let i = 0; i < 1_000; i++) ejection = failed(ejection, 1, 1, { ...POLICY, failures: 0 }, true);
    expect(ejection.state).toBe("alive");
  });

  it("stays alive for as long as it may not be ejected, and goes with the first failure when it may", () => {
    const kept = failing(newEjection(0), 50, 10, false);
    expect([kept.state, kept.failures]).toEqual(["alive", 50]);
    expect(failing(kept, 1, 11).state).toBe("ejected");
  });
});

describe("admits()", () => {
  it("lets one probe through and no second until the pause is over", () => {
    const probing = advanced(ejectedAt(0), 1_000);
    expect(admits(probing, 1_000)).toBe(true);
    const sent = requested(probing, 1_000, POLICY);
    expect(admits(sent, 1_499)).toBe(false);
    expect(admits(sent, 1_500)).toBe(true);
  });

  it("does not pace a living server", () => {
    const alive = newEjection(0);
    expect(requested(alive, 1, POLICY)).toBe(alive);
    expect(admits(alive, 1)).toBe(true);
  });
});

describe("EJECTION_TRANSITIONS", () => {
  it("lets only time leave ejected, and time leave nothing else", () => {
    const { "time-served": byTime, ...others } = EJECTION_TRANSITIONS.ejected;
    expect(byTime).toBe("probing");
    expect(new Set(Object.values(others))).toEqual(new Set(["ejected"]));
    expect(EJECTION_TRANSITIONS.alive["time-served"]).toBe("alive");
    expect(EJECTION_TRANSITIONS.probing["time-served"]).toBe("probing");
  });
});

describe("countsAgainstServer()", () => {
  it("counts what a server does to every request, not what one request may have caused", () => {
    const counted = Object.values(FAILURE).filter((failure) => countsAgainstServer(failure.code));
    expect(counted.map((failure) => failure.code).sort()).toEqual([
      "connection_refused",
      "connection_timeout",
      "destination_ip_unroutable",
      "dns_error",
      "http_protocol_error",
    ]);
  });
});
