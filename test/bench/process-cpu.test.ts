import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { type ProcessStat, parseStat, readAllStats, treeOf } from "./process-cpu.ts";

const line =
  "4711 (worker) 9 (x) S 17 4711 4711 0 -1 4194304 900 800 0 0 250 130 7 5 20 0 9 0 123456 1000000 2000 18446744073709551615";

const process = (pid: number, parent: number): ProcessStat => ({
  pid,
  parent,
  ownTicks: 0,
  reapedTicks: 0,
  systemTicks: 0,
  startedAt: pid,
});

describe("parseStat()", () => {
  it("adds user to system time, for the process and for its reaped children, and knows the kernel's part, past a name with spaces and parentheses", () => {
    expect(parseStat(line)).toEqual({
      pid: 4711,
      parent: 17,
      ownTicks: 380,
      reapedTicks: 12,
      systemTicks: 135,
      startedAt: 123456,
    });
  });

  it("refuses a line that breaks off before the times", () => {
    expect(() => parseStat(line.slice(0, 40))).toThrow("expected a line of /proc/PID/stat");
  });

  it("refuses a text that is no stat line", () => {
    expect(() => parseStat("cpu  1 2 3 4")).toThrow('found "cpu  1 2 3 4"');
  });
});

describe("treeOf()", () => {
  it("finds grandchildren whatever the order, and leaves out strangers", () => {
    const all = [process(30, 20), process(99, 1), process(20, 10), process(10, 1), process(40, 30)];
    expect(treeOf(10, all).map(({ pid }) => pid)).toEqual([30, 20, 10, 40]);
  });

  it("is empty for a process that is gone", () => {
    expect(treeOf(10, [process(20, 1)])).toEqual([]);
  });
});

describe.runIf(readAllStats().length > 0)("readAllStats()", () => {
  it("sees a child under its parent", async () => {
    const child = spawn("sleep", ["30"]);
    await once(child, "spawn");
    const tree = treeOf(globalThis.process.pid, readAllStats());
    child.kill();
    expect(tree.map(({ pid }) => pid)).toEqual(expect.arrayContaining([globalThis.process.pid, child.pid]));
  });
});
