import { expect, test } from "vitest";
import { type BuiltAround, needsRestart } from "./needs-restart.ts";

const token = (sha256: string) => ({ name: "admin", role: "admin", sha256 }) as const;

const BEFORE: BuiltAround = {
  classifierThreads: 1,
  admin: { host: "127.0.0.1", port: 7070, tokens: [token("a-secret")] },
  state: { kind: "embedded", path: "/state" },
};

test("needsRestart() finds nothing in the same configuration, nor in a part that only one of the two has", () => {
  expect(needsRestart(BEFORE, structuredClone(BEFORE))).toEqual([]);
  expect(needsRestart(BEFORE, { classifierThreads: 1 })).toEqual([]);
  expect(needsRestart({ classifierThreads: 1 }, BEFORE)).toEqual([]);
});

test("needsRestart() names each part that running processes cannot adopt, and shows no secret", () => {
  const sentences = needsRestart(BEFORE, {
    classifierThreads: 2,
    admin: { host: "127.0.0.1", port: 7070, tokens: [token("another-secret")] },
    state: { kind: "embedded", path: "/elsewhere" },
  });
  expect(sentences.map((sentence) => sentence.split(" ")[0])).toEqual([
    "classifierThreads",
    "admin",
    "state",
  ]);
  expect(sentences.join()).not.toContain("secret");
});
