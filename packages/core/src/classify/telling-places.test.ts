import { describe, expect, test } from "vitest";
import { tellingPlaces } from "./telling-places.ts";

const codeAt = (text: string, place: number) => text.charCodeAt(place);

describe("tellingPlaces()", () => {
  test("are those at which texts of the same length differ, and no more than it takes", () => {
    expect(tellingPlaces(["/service-17/", "/service-42/", "/service-47/"], codeAt)).toEqual([9, 10]);
    expect(tellingPlaces(["/service-1/", "/service-22/"], codeAt)).toEqual([]);
    expect(tellingPlaces(["ab", "ba", "cc"], codeAt)).toEqual([0]);
    expect(tellingPlaces(["aa1", "bb1", "aa2"], codeAt)).toEqual([0, 2]);
    expect(tellingPlaces(["one"], codeAt)).toEqual([]);
  });

  test("tell all texts of the same length apart, whatever they are", () => {
    const words = Array.from({ length: 7 ** 4 }, (_, n) =>
      Array.from({ length: 2 + (n % 3) }, (_, place) => "abcdefg"[Math.floor(n / 7 ** place) % 7]).join(""),
    );
    for (const stride of [1, 5, 36, 311]) {
      const texts = [...new Set(words.filter((_, n) => n % stride === 0))];
      const places = tellingPlaces(texts, codeAt);
      const seen = texts.map(
        (text) => `${text.length} ${places.map((place) => text[place] ?? "-").join("")}`,
      );
      expect(new Set(seen).size).toBe(texts.length);
    }
  });

  test("are counted as the characters are", () => {
    const fromEnd = (text: string, place: number) => text.charCodeAt(text.length - 1 - place);
    expect(tellingPlaces(["a1.example", "a2.example"], fromEnd)).toEqual([8]);
  });
});
