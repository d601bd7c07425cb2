import { expect, test } from "vitest";
import { testConfig } from "../test-config.ts";
import type { StoredConfig } from "./change.ts";
import {
  type Beginning,
  type First,
  type FromFile,
  firstConfiguration,
  unversioned,
} from "./first-configuration.ts";

const AT = "2026-01-01T00:00:00.000Z";

function fromFile(hash: string, acceptors = 1): FromFile {
  const { admin: _, state: __, ...config } = testConfig("/nowhere", { acceptors });
  return { config, hash };
}

function stored(term: number, generation: number, fileHash: string): StoredConfig {
  return { ...unversioned(fromFile(fileHash), AT), term, generation, by: "ann", summary: "as it was" };
}

const nothing = { term: 0, generation: 0 };

function begin(changes: Partial<Beginning>): First {
  const file = fromFile("f1");
  return firstConfiguration({
    latest: undefined,
    kept: unversioned(file, AT),
    held: nothing,
    file,
    seen: [],
    isAlone: false,
    term: 5,
    at: AT,
    ...changes,
  });
}

const nextOf = (first: First): StoredConfig => {
  if (first.kind !== "begins") throw new Error("it goes on");
  return first.next;
};

test("firstConfiguration() is the file as generation 1 where nobody knows anything", () => {
  expect(begin({})).toMatchObject({
    kind: "begins",
    next: { term: 5, generation: 1, fileHash: "f1", by: "file" },
  });
});

test("firstConfiguration() goes on with the latest of the store, under its own version", () => {
  const latest = stored(4, 9, "f1");
  expect(begin({ latest, seen: ["f1"] })).toEqual({ kind: "goes-on", stored: latest });
  expect(begin({ latest, kept: latest, held: latest, seen: ["f1"] })).toEqual({
    kind: "goes-on",
    stored: latest,
  });
});

test("firstConfiguration() is the file when the store has never seen it", () => {
  const latest = stored(4, 9, "f0");
  const first = begin({ latest, kept: stored(4, 8, "f0"), seen: ["f0"] });
  expect(first).toMatchObject({ why: "file", base: latest });
  expect(nextOf(first)).toMatchObject({ term: 5, generation: 10, fileHash: "f1", by: "file" });
});

test("firstConfiguration() is not a file that was seen and is not the last, unless nobody else is there", () => {
  const latest = stored(4, 9, "f2");
  expect(begin({ latest, seen: ["f2", "f1"] })).toEqual({ kind: "goes-on", stored: latest });
  expect(nextOf(begin({ latest, seen: ["f2", "f1"], isAlone: true })).fileHash).toBe("f1");
});

test("firstConfiguration() is not the file once that was considered", () => {
  const latest = stored(4, 9, "f0");
  expect(begin({ latest, seen: ["f0"], file: undefined })).toEqual({ kind: "goes-on", stored: latest });
});

test.each([
  ["emptied", undefined],
  ["set back", stored(3, 2, "f1")],
])(
  "firstConfiguration() is what is kept here, above all that is known, when the store was %s",
  (_, latest) => {
    const kept = stored(4, 9, "f1");
    const first = begin({ latest, kept, held: { term: 4, generation: 12 }, seen: [] });
    expect(first).toMatchObject({ why: "store-lost", base: kept });
    expect(nextOf(first)).toEqual({
      ...kept,
      term: 5,
      generation: 13,
      summary: "as before: the store had lost generation 9",
    });
  },
);

test("firstConfiguration() is above what acceptors hold when the store knows less than they do", () => {
  const latest = stored(3, 2, "f1");
  expect(nextOf(begin({ latest, seen: ["f1"], held: { term: 4, generation: 1 } }))).toMatchObject({
    term: 5,
    generation: 3,
  });
});
