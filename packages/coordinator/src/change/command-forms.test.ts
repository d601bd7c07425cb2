import { expect, test } from "vitest";
import type { ChangeOutcome, ChangeRequest } from "./change.ts";
import { parseChangeOutcome, parseChangeRequest } from "./command-forms.ts";

const version = { term: 3, generation: 9 };

test.each<ChangeRequest["edit"]>([
  { kind: "replace", options: { acceptors: 2 } },
  { kind: "replace", options: {}, fileHash: "f" },
  { kind: "add-server", pool: "gold", server: "g3", options: { url: "http://127.0.0.1:1" } },
  { kind: "patch-server", pool: "gold", server: "g1", state: "drain", weight: 2 },
  { kind: "remove-server", pool: "gold", server: "g1" },
  { kind: "rollback", generation: 4 },
])("parseChangeRequest() reads a request with the edit %j", (edit) => {
  const request: ChangeRequest = { edit, ifMatch: version, dryRun: false, by: "ann" };
  expect(parseChangeRequest(JSON.stringify(request))).toEqual(request);
  const whatever = { ...request, ifMatch: undefined };
  expect(parseChangeRequest(JSON.stringify(whatever))).toEqual(whatever);
});

test.each([
  ["no JSON", "garbage"],
  ["an unknown edit", '{"edit":{"kind":"drop"},"dryRun":false,"by":"ann"}'],
  ["an unknown field", '{"edit":{"kind":"rollback","generation":1},"dryRun":false,"by":"ann","force":true}'],
  ["nobody who asks", '{"edit":{"kind":"rollback","generation":1},"dryRun":false}'],
])("parseChangeRequest() refuses %s", (_, json) => {
  expect(() => parseChangeRequest(json)).toThrow();
});

test.each<ChangeOutcome>([
  {
    kind: "changed",
    version,
    differences: [{ pointer: "/acceptors", before: 1, after: undefined }],
    warnings: ["w"],
  },
  { kind: "conflict", version },
  { kind: "invalid", mistakes: [{ pointer: "/a", detail: "d" }] },
  { kind: "unknown", detail: "There is no pool" },
  { kind: "unavailable", detail: "nobody leads" },
])("parseChangeOutcome() reads $kind", (outcome) => {
  expect(parseChangeOutcome(JSON.stringify(outcome))).toEqual(outcome);
});

test("parseChangeOutcome() refuses what is no outcome", () => {
  expect(() => parseChangeOutcome('{"kind":"changed"}')).toThrow();
  expect(() => parseChangeOutcome('{"kind":"done"}')).toThrow();
});
