import { afterEach, beforeEach, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { Attempt } from "../track/attempt.ts";
import { Backend } from "./backend.ts";
import { Pipe } from "./pipe.ts";

let listener: TestListener;
let open: OpenClient;
let pipe: Pipe;
let attempts: Attempt[];

beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
  const server = { name: "s1", host: "127.0.0.1", port: 1, authority: "127.0.0.1:1", weight: 1 } as const;
  const backend = new Backend("general", { ...server, state: "ready" }, () => 0);
  const exchange = await exchangeOf(open.client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  attempts = [1, 2, 3].map((seed) => new Attempt(exchange, backend, seed, false, [], 0));
  pipe = new Pipe();
  for (const attempt of attempts) pipe.add(attempt);
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const seeds = (of: readonly (Attempt | undefined)[]): unknown[] => of.map((attempt) => attempt?.seed);

test("Pipe gives attempts in the order in which they came, and may be filled again", () => {
  const order: (Attempt | undefined)[] = [];
  for (; pipe.depth > 0; pipe.shift()) order.push(pipe.first);
  expect([seeds(order), pipe.first, pipe.depth]).toEqual([[1, 2, 3], undefined, 0]);
  pipe.shift();
  pipe.add(attempts[1] as Attempt);
  expect([seeds([pipe.first]), pipe.depth]).toEqual([[2], 1]);
});

test("Pipe keeps the first when those behind it are taken off", () => {
  expect(seeds(pipe.takeBehind())).toEqual([2, 3]);
  expect([seeds([pipe.first]), pipe.depth, pipe.first?.behind]).toEqual([[1], 1, undefined]);
  expect(pipe.takeBehind()).toEqual([]);
  pipe.add(attempts[2] as Attempt);
  expect([seeds(pipe.takeAll()), pipe.depth, pipe.takeAll()]).toEqual([[1, 3], 0, []]);
});

test("Pipe is wanted as long as one of its attempts is", () => {
  for (const attempt of attempts) {
    expect(pipe.isWanted).toBe(true);
    attempt.unwanted = true;
  }
  expect([pipe.isWanted, new Pipe().isWanted]).toEqual([false, false]);
});
