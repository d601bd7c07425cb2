import { expect, test } from "vitest";
import { dateField } from "./date-field.ts";

test("dateField() is a line with an IMF-fixdate, and follows the clock from second to second, backwards too", () => {
  const noon = Date.UTC(2026, 1, 3, 12, 0, 0);
  const at = [noon, noon + 999, noon + 1_000, noon];
  expect(at.map((now) => dateField(now))).toEqual([
    "Date: Tue, 03 Feb 2026 12:00:00 GMT\r\n",
    "Date: Tue, 03 Feb 2026 12:00:00 GMT\r\n",
    "Date: Tue, 03 Feb 2026 12:00:01 GMT\r\n",
    "Date: Tue, 03 Feb 2026 12:00:00 GMT\r\n",
  ]);
});

test("dateField() is of now when it is not told a time", () => {
  const before = Math.floor(Date.now() / 1_000) * 1_000;
  const said = Date.parse(dateField().slice("Date: ".length).trimEnd());
  expect(said).toBeGreaterThanOrEqual(before);
  expect(said).toBeLessThanOrEqual(Date.now());
});
