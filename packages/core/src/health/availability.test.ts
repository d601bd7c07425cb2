import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_HEALTH } from "../config/defaults.ts";
import type { ServerState } from "../config/resolved.ts";
import { isAvailable, type Judged, mayEject, mayEjectOutlier, panics } from "./availability.ts";
import { advanced, failed, foundOutlier, newEjection } from "./ejection.ts";

const POLICY = { failures: 3, baseMs: 1_000, maxMs: 8_000, probeEveryMs: 500 };
const alive = newEjection(0);
const gone = foundOutlier(alive, "errors", 0, POLICY);
const probing = advanced(gone, 1_000);

function server(changes: Partial<Judged> = {}): Judged {
  return { state: "ready", healthy: true, ejection: alive, ...changes };
}

const anyServer = fc
  .record({
    state: fc.constantFrom<ServerState[]>("ready", "drain", "maintenance"),
    healthy: fc.boolean(),
    ejection: fc.constantFrom(alive, gone, probing),
  })
  .map((each): Judged => each);
const anyPool = fc.array(anyServer, { minLength: 1, maxLength: 12 });
const anyPercent = fc.integer({ min: 1, max: 100 });

describe("mayEject()", () => {
  it("never gives up the last server that is available", () => {
    expect(mayEject([server()], 0)).toBe(false);
    const others: Partial<Judged>[] = [
      { ejection: gone },
      { ejection: probing },
      { healthy: false },
      { state: "drain" },
      { state: "maintenance" },
    ];
    for (const other of others) expect(mayEject([server(), server(other)], 0)).toBe(false);
  });

  it("allows it while another one is available", () => {
    const servers = [server(), server()];
    expect([mayEject(servers, 0), mayEject(servers, 1)]).toEqual([true, true]);
  });

  it("keeps one of two servers that both fail at once, whichever fails last", () => {
    const servers = [0, 1].map(() => ({ ...server(), ejection: newEjection(0) }));
    for (let now = 1; now < 20; now++) {
      servers.forEach((each, i) => {
        each.ejection = failed(each.ejection, now, now, POLICY, mayEject(servers, i));
      });
    }
    expect(servers.map((each) => each.ejection.state)).toEqual(["ejected", "alive"]);
  });
});

describe("mayEjectOutlier()", () => {
  it("lets no more than the share of the ready servers be away, whatever for and whoever comes first", () => {
    fc.assert(
      fc.property(anyPool, anyPercent, fc.nat(), (pool, percent, first) => {
        const servers = pool.map((each) => ({ ...each }));
        const ready = servers.filter(({ state }) => state === "ready").length;
        const away = (): number => ready - servers.filter(isAvailable).length;
        const before = away();
        for (let i = 0; i < servers.length; i++) {
          const at = (first + i) % servers.length;
          const each = servers[at] as Judged;
          if (isAvailable(each) && mayEjectOutlier(servers, at, percent))
            servers[at] = { ...each, ejection: gone };
        }
        expect(away()).toBeLessThanOrEqual(Math.max(before, 1, Math.floor((ready * percent) / 100)));
        if (before < ready) expect(away()).toBeLessThan(ready);
      }),
    );
  });

  it("lets one of a small pool go, and three of ten at 30 per cent", () => {
    const ejectedOf = (size: number): number => {
      const servers = Array.from({ length: size }, () => server());
      for (let i = 0; i < size; i++)
        if (mayEjectOutlier(servers, i, 30)) servers[i] = server({ ejection: gone });
      return servers.filter((each) => !isAvailable(each)).length;
    };
    expect([1, 2, 3, 10].map(ejectedOf)).toEqual([0, 1, 1, 3]);
  });
});

describe("panics()", () => {
  it("holds health against servers by default as long as one of them is available, and no longer", () => {
    const many = Array.from({ length: 4_096 }, () => server({ healthy: false }));
    expect(panics(many, DEFAULT_HEALTH.panicPercent)).toBe(true);
    expect(panics([...many.slice(1), server()], DEFAULT_HEALTH.panicPercent)).toBe(false);
    expect(panics([server({ state: "drain" }), server({ ejection: gone })], 0.01)).toBe(true);
    expect(panics([server({ state: "drain" })], 0.01)).toBe(false);
  });

  it("begins below the share and not at it", () => {
    const pool = [server(), server(), server({ healthy: false }), server({ ejection: probing })];
    expect([panics(pool, 50), panics(pool, 51)]).toEqual([false, true]);
  });

  it("never does at 0 per cent", () => {
    fc.assert(
      fc.property(anyPool, (servers) => {
        expect(panics(servers, 0)).toBe(false);
      }),
    );
  });

  it("does not end when one more server fails", () => {
    fc.assert(
      fc.property(anyPool, anyPercent, fc.nat(), (servers, percent, at) => {
        fc.pre(panics(servers, percent));
        const worse = servers.map((each, i) =>
          i === at % servers.length ? { ...each, ejection: gone } : each,
        );
        expect(panics(worse, percent)).toBe(true);
      }),
    );
  });
});
