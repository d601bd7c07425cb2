import { describe, expect, test } from "vitest";
import { CloseDelimitedBody, LengthBody, NO_BODY } from "./body.ts";

const octets = Buffer.from("0123456789");

describe("LengthBody", () => {
  test("takes its length, from wherever the octets lie, and then nothing", () => {
    const body = new LengthBody(5);
    expect(body.take(octets, 4, 6)).toBe(2);
    expect(body.done).toBe(false);
    expect(body.take(octets, 0, 0)).toBe(0);
    expect(body.take(octets, 2, 10)).toBe(3);
    expect(body.done).toBe(true);
    expect(body.take(octets, 0, 10)).toBe(0);
  });

  test("of no octets is done at once", () => {
    expect(new LengthBody(0).done).toBe(true);
  });

  test("counts beyond 2^32", () => {
    const body = new LengthBody(2 ** 40 + 1);
    for (let i = 0; i < 2 ** 10; i++) body.take(octets, 0, 2 ** 30);
    expect(body.done).toBe(false);
    expect(body.take(octets, 0, 10)).toBe(1);
    expect(body.done).toBe(true);
  });
});

describe("CloseDelimitedBody", () => {
  test("takes everything and is never done", () => {
    const body = new CloseDelimitedBody();
    expect(body.take(octets, 3, 10)).toBe(7);
    expect(body.done).toBe(false);
  });
});

describe("NO_BODY", () => {
  test("takes nothing and is done", () => {
    expect(NO_BODY.take(octets, 0, 10)).toBe(0);
    expect(NO_BODY.done).toBe(true);
  });
});
