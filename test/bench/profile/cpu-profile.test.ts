import { describe, expect, it } from "vitest";
import { type CpuProfile, callTree, partOf, selfTimes } from "./cpu-profile.ts";

function node(
  id: number,
  functionName: string,
  url: string,
  children: number[] = [],
): CpuProfile["nodes"][number] {
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

const profile: CpuProfile = {
  nodes: [
    node(1, "(root)", "", [2, 3, 5]),
    node(2, "serve", "file:///repo/packages/worker/src/serve.ts", [4]),
    node(3, "(idle)", ""),
    node(4, "write", "file:///repo/packages/worker/src/io/outbox.ts"),
    node(5, "write", "file:///repo/packages/worker/src/io/outbox.ts"),
  ],
  samples: [2, 4, 3, 5, 4],
  timeDeltas: [100, 200, 5_000, 300, 400],
};

describe("callTree()", () => {
  it("adds the time of callees to that of callers", () => {
    expect(callTree(profile, "/repo").children[0]).toMatchObject({
      name: "serve",
      selfMicros: 100,
      totalMicros: 700,
    });
  });

  it("calls what V8 takes for idle what it is", () => {
    const tree = callTree(profile, "/repo");
    expect(tree.totalMicros).toBe(6_000);
    expect(tree.children[1]).toMatchObject({ name: "(receiving and waiting)", selfMicros: 5_000 });
  });
});

describe("selfTimes()", () => {
  it("adds up a function that was called from two places, and names it by its line in the repository", () => {
    expect(selfTimes(callTree(profile, "/repo"))).toEqual([
      { name: "(receiving and waiting)", place: "", micros: 5_000 },
      { name: "write", place: "packages/worker/src/io/outbox.ts:10", micros: 900 },
      { name: "serve", place: "packages/worker/src/serve.ts:10", micros: 100 },
    ]);
  });
});

describe("partOf()", () => {
  it.each([
    ["packages/worker/src/io/outbox.ts:10", "packages/worker/src/io"],
    ["packages/worker/src/serve.ts:10", "packages/worker/src/serve.ts"],
    ["undici/lib/llhttp/llhttp-wasm.js:1", "undici"],
    ["node:internal/stream_base_commons:4", "Node's JavaScript"],
  ])("tells where %s belongs: %s", (place, part) => {
    expect(partOf({ name: "f", place })).toBe(part);
  });
});
