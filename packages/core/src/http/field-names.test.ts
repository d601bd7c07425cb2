import { describe, expect, test } from "vitest";
import { FIELD, FieldNames, RESEMBLES } from "./field-names.ts";

function numberOf(names: FieldNames, text: string): number {
  const octets = Buffer.from(`-${text}-`, "latin1");
  return names.numberAt(octets, 1, text.length);
}

describe("FieldNames.numberAt()", () => {
  test("knows every name of FIELD by its number, in any case", () => {
    const names = new FieldNames();
    for (const [key, number] of Object.entries(FIELD)) {
      if (number === FIELD.UNKNOWN) continue;
      const name = key.replaceAll("_", "-");
      expect(names.numberOf(name.toLowerCase())).toBe(number);
      expect(numberOf(names, name)).toBe(number);
      expect(numberOf(names, name.toLowerCase())).toBe(number);
    }
    expect(names.count).toBe(Object.keys(FIELD).length - 1);
  });

  test("does not take similar names for known ones", () => {
    const names = new FieldNames();
    const similar = [
      "hos",
      "hostt",
      "ost",
      "h\x0fst",
      "HO\xd3T",
      "ko\x53t",
      "content\rlength",
      "",
      "x",
      "cookie2",
    ];
    for (const name of similar) expect([name, numberOf(names, name)]).toEqual([name, FIELD.UNKNOWN]);
  });

  test("tells octets apart that differ in the bit of the case only, unless they are letters", () => {
    const names = new FieldNames(["a^b", "a`c", "a@d"]);
    expect(numberOf(names, "A^B")).toBe(names.numberOf("a^b"));
    expect(numberOf(names, "a~b")).toBe(FIELD.UNKNOWN);
    expect(numberOf(names, "a@c")).toBe(FIELD.UNKNOWN);
    expect(numberOf(names, "a`d")).toBe(FIELD.UNKNOWN);
  });

  test("knows thousands of names of one shape", () => {
    const texts = Array.from({ length: 3_000 }, (_, i) => `x-tenant-${i}-id`);
    const names = new FieldNames(texts);
    for (const text of texts) expect(numberOf(names, text.toUpperCase())).toBe(names.numberOf(text));
    expect(new Set(texts.map((text) => names.numberOf(text))).size).toBe(3_000);
    expect(numberOf(names, "x-tenant-3000-id")).toBe(FIELD.UNKNOWN);
  });

  test("gives a name that is named twice, or in capitals, one number", () => {
    const names = new FieldNames(["X-A", "x-a", "Cookie"]);
    expect(names.count).toBe(new FieldNames().count + 1);
    expect(names.numberOf("cookie")).toBe(FIELD.COOKIE);
  });

  test("tells which name one resembles that has underscores for hyphens", () => {
    const names = new FieldNames(["remote_user"]);
    const proto = FIELD.X_FORWARDED_PROTO | RESEMBLES;
    for (const name of ["X_Forwarded_Proto", "x-forwarded_proto", "X_FORWARDED-PROTO"])
      expect(numberOf(names, name)).toBe(proto);
    expect(numberOf(names, "Remote-User")).toBe(names.numberOf("remote_user") | RESEMBLES);
    expect(numberOf(names, "content_lengt")).toBe(FIELD.UNKNOWN);
  });

  test("prefers a name of the table to one that it resembles", () => {
    const names = new FieldNames(["x_forwarded_for", "x-forwarded_for"]);
    expect(numberOf(names, "X-Forwarded-For")).toBe(FIELD.X_FORWARDED_FOR);
    expect(numberOf(names, "X_Forwarded_For")).toBe(names.numberOf("x_forwarded_for"));
    expect(numberOf(names, "X-Forwarded_For")).toBe(names.numberOf("x-forwarded_for"));
    expect(numberOf(names, "X_Forwarded-For") & RESEMBLES).toBe(RESEMBLES);
    expect(names.resembling(FIELD.X_FORWARDED_FOR).sort()).toEqual(
      [names.numberOf("x_forwarded_for"), names.numberOf("x-forwarded_for")].sort(),
    );
    expect(names.resembling(FIELD.HOST)).toEqual([]);
  });
});

describe("FieldNames.numberOf()", () => {
  test("says unknown of a name that the table does not have", () => {
    expect(new FieldNames(["a"]).numberOf("b")).toBe(FIELD.UNKNOWN);
  });
});
