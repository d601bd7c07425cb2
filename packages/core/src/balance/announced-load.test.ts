import { expect, test } from "vitest";
import { parseAnnouncedLoad } from "./announced-load.ts";

test.each([
  ["0", 0],
  ["0.73", 0.73],
  ["0.0001", 0.0001],
  ["1", 1],
  ["1.0000", 1],
])("parseAnnouncedLoad() reads %j", (text, load) => {
  expect(parseAnnouncedLoad(text)).toBe(load);
});

test.each([
  "",
  "1.1",
  "2",
  "-0.5",
  "+0.5",
  ".5",
  "0.",
  "00.5",
  "0,5",
  "0.12345",
  "5e-1",
  "NaN",
  " 0.5",
  "0.5 ",
  "0.5, 0.6",
  "73%",
])("parseAnnouncedLoad() takes %j for no load", (text) => {
  expect(parseAnnouncedLoad(text)).toBeUndefined();
});
