import { FAILURE, type Failure } from "@shunt/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { Attempt } from "../track/attempt.ts";
import { mayRetry, RetryBudget } from "./retry.ts";

describe("mayRetry()", () => {
  let listener: TestListener;
  let open: OpenClient;
  beforeEach(async () => {
    listener = await TestListener.listen(new TestLoop());
    open = await listener.open();
  });
  afterEach(() => {
    open.client.destroy();
    listener.close();
  });

  async function attemptAt(method: string, fields = ""): Promise<Attempt> {
    const exchange = await exchangeOf(open.client, `${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    const server = { name: "s", host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" } as const;
    return new Attempt(exchange, new Backend("p", server, () => 0), 1, false, [], 0);
  }

  const { CONNECTION_REFUSED, CONNECTION_TERMINATED, RESPONSE_TIMEOUT, RESPONSE_MALFORMED } = FAILURE;
  test.each([
    ["GET", CONNECTION_REFUSED, true],
    ["POST", CONNECTION_REFUSED, true],
    ["GET", CONNECTION_TERMINATED, true],
    ["PUT", CONNECTION_TERMINATED, true],
    ["DELETE", CONNECTION_TERMINATED, true],
    ["POST", CONNECTION_TERMINATED, false],
    ["PATCH", CONNECTION_TERMINATED, false],
    ["GET", RESPONSE_TIMEOUT, false],
    ["GET", RESPONSE_MALFORMED, false],
  ] satisfies [string, Failure, boolean][])(
    "has %s that failed with %o sent again: %s",
    async (method, failure, expected) => {
      expect(mayRetry(await attemptAt(method), failure)).toBe(expected);
    },
  );

  test("has an unsafe request sent again when nothing of it had left", async () => {
    const attempt = await attemptAt("POST");
    attempt.unsent = true;
    expect(mayRetry(attempt, CONNECTION_TERMINATED)).toBe(true);
  });

  test("has nothing sent again once an octet of a response went out, interim ones included", async () => {
    const [interim, final] = [await attemptAt("GET"), await attemptAt("GET")];
    interim.exchange.bytesOut = 1;
    final.exchange.headSent = true;
    expect([mayRetry(interim, CONNECTION_REFUSED), mayRetry(final, CONNECTION_REFUSED)]).toEqual([
      false,
      false,
    ]);
  });

  test("has content sent again only where all of it was kept", async () => {
    const attempt = await attemptAt("PUT", "Content-Length: 5\r\n");
    expect(mayRetry(attempt, CONNECTION_TERMINATED)).toBe(false);
    attempt.exchange.replay = [];
    expect(mayRetry(attempt, CONNECTION_TERMINATED)).toBe(true);
  });
});

describe("RetryBudget", () => {
  const takeAll = (budget: RetryBudget, requests: number, now: number): number => {
    let taken = 0;
    while (taken < 1_000 && budget.take(20, requests, now)) taken++;
    return taken;
  };

  test("RetryBudget allows a few retries however few requests there are", () => {
    expect(takeAll(new RetryBudget(), 0, 50_000)).toBe(10);
  });

  test("RetryBudget allows a share of the requests of its window, and begins anew with the next", () => {
    const budget = new RetryBudget();
    expect(takeAll(budget, 5_000, 50_000)).toBe(10);
    expect(takeAll(budget, 5_100, 55_000)).toBe(20);
    expect(takeAll(budget, 5_100, 60_000)).toBe(0);
    expect(takeAll(budget, 5_200, 60_001)).toBe(10);
    expect(takeAll(budget, 5_300, 60_002)).toBe(20);
  });

  test("RetryBudget of no per cent allows no more than the few", () => {
    const budget = new RetryBudget();
    for (let i = 0; i < 10; i++) expect(budget.take(0, 1_000_000, 50_000)).toBe(true);
    expect(budget.take(0, 2_000_000, 50_000)).toBe(false);
  });
});
