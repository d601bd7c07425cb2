import { expect, test } from "vitest";
import { OwnReports } from "./own-reports.ts";

test("OwnReports gives the own part as it was in the report that a total has counted", () => {
  const own = new OwnReports();
  own.note(1, [
    ["a/1", 3],
    ["a/2", 5],
  ]);
  own.note(2, [["a/1", 4]]);
  own.note(3, [["a/1", 9]]);
  expect(own.partOf("a/1", 2)).toBe(4);
  expect(own.partOf("a/2", 2)).toBe(5);
  expect(own.partOf("a/1", 3)).toBe(9);
});

test("OwnReports has no part in a total that has counted nothing of us", () => {
  const own = new OwnReports();
  own.note(1, [["a/1", 3]]);
  expect(own.partOf("a/1", undefined)).toBe(0);
  expect(own.partOf("a/1", 0)).toBe(0);
});

test("OwnReports keeps a bounded number of reports while nobody counts them", () => {
  const own = new OwnReports();
  for (let seq = 1; seq <= 10_000; seq++) own.note(seq, [["a/1", seq]]);
  expect(own.partOf("a/1", 1)).toBe(10_000 - 256);
});

test("OwnReports has no part at a server at which nothing is outstanding any more", () => {
  const own = new OwnReports();
  own.note(1, [["a/1", 3]]);
  own.note(2, [["a/1", 0]]);
  expect([own.partOf("a/1", 1), own.partOf("a/1", 2)]).toEqual([3, 0]);
});
