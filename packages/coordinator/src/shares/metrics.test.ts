import type { ShareUse } from "@shunt/core";
import { expect, test } from "vitest";
import { exposition } from "../api/exposition.ts";
import { Registry } from "../membership/registry.ts";
import { ShareGranting } from "./granting.ts";
import { shareMetrics } from "./metrics.ts";

const PEER = { send: () => {}, close: () => {} };

function use(limited: string, outstanding: number): ShareUse {
  return { limited, outstanding, share: 5, refused: 0 };
}

test("shareMetrics() adds up what acceptors have outstanding at each limit, and tells what was above one", () => {
  const registry = new Registry(() => 0);
  const granting = new ShareGranting({
    limits: () => new Map([["gold", 3]]),
    publish: () => {},
    termOf: (term) => term,
    now: () => 0,
  });
  granting.start(1);
  for (const [name, outstanding] of [
    ["a", 2],
    ["b", 3],
  ] as const) {
    const hello = { acceptor: name, host: "h", pid: 1, version: "0", term: 0, generation: 1 };
    const member = registry.join({ ...PEER }, { kind: "hello", ...hello });
    const report = { shares: [use("gold", outstanding), use("general/s1", 1)], granted: 0 };
    registry.takeLoad(member, { kind: "load", seq: 1, servers: [], ...report });
    granting.heard(name, 1, report);
  }
  granting.look();
  granting.stop();
  const text = exposition(shareMetrics(registry, granting));
  expect(text).toContain('shunt_share_outstanding{limited="gold"} 5\n');
  expect(text).toContain('shunt_share_outstanding{limited="general/s1"} 2\n');
  expect(text).toContain('shunt_share_granted{limited="gold"} 10\n');
  expect(text).toContain("shunt_limit_exceeded_total 2\n");
});
