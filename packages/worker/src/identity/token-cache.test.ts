import { describe, expect, test } from "vitest";
import { type Finding, TokenCache } from "./token-cache.ts";

const finding = (user: string, from = 0, until = 1_000): Finding => ({ user, from, until });

describe("TokenCache", () => {
  test("answers from the first second of a finding up to, and not at, its end", () => {
    const cache = new TokenCache(4);
    cache.set("t", finding("ann", 100, 200));
    expect([99, 100, 199, 200].map((now) => cache.get("t", now)?.user)).toEqual([
      undefined,
      "ann",
      "ann",
      undefined,
    ]);
  });

  test("never holds more than its capacity, whatever is set", () => {
    const cache = new TokenCache(8);
    let most = 0;
    for (let n = 0; n < 1_000; n++) {
      cache.set(`t${n % 300}`, finding("ann"));
      cache.get(`t${(n * 7) % 300}`, 1);
      most = Math.max(most, cache.size);
    }
    expect(most).toBe(8);
  });

  test("keeps what is asked for while strangers pass through", () => {
    const cache = new TokenCache(8);
    cache.set("regular", finding("ann"));
    for (let n = 0; n < 100; n++) {
      cache.set(`stranger${n}`, finding("bob"));
      expect(cache.get("regular", 1)?.user).toBe("ann");
    }
    expect(cache.get("stranger0", 1)).toBeUndefined();
  });

  test("holds one finding for a token, the newest", () => {
    const cache = new TokenCache(4);
    cache.set("t", finding("ann"));
    cache.set("u", finding("eve"));
    cache.set("v", finding("eve"));
    cache.set("t", finding("bob"));
    expect(cache.get("t", 1)?.user).toBe("bob");
    expect(cache.size).toBe(3);
  });
});
