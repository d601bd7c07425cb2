import { beforeEach, expect, test } from "vitest";
import { RedisWatch } from "./redis-watch.ts";

let said: string[];
let watch: RedisWatch;

beforeEach(() => {
  said = [];
  watch = new RedisWatch({
    began: (trouble, _, detail) => said.push(`+${trouble}: ${detail}`),
    ended: (trouble) => said.push(`-${trouble}`),
  });
});

test("RedisWatch tells a trouble once when it begins and once when it is over, and counts each time", () => {
  for (let time = 0; time < 5; time++) watch.failed("a: publish", new Error("OOM no"));
  expect(watch.errors).toEqual({ full: 5 });
  watch.succeeded("a: publish", 1);
  watch.succeeded("a: publish", 1);
  expect(said).toEqual(["+full: a: publish: OOM no", "-full"]);
});

test("RedisWatch does not end a trouble of one attempt with the success of another", () => {
  watch.failed("a: publish", new Error("NOPERM no"));
  watch.failed("a: register", new Error("NOPERM no"));
  watch.succeeded("a: sweep", 1);
  watch.succeeded("a: register", 1);
  expect(said).toEqual(["+no_permission: a: publish: NOPERM no"]);
  watch.succeeded("a: publish", 1);
  expect(said.at(-1)).toBe("-no_permission");
});

test("RedisWatch ends what kept a connection away when that connection stands, and no other's", () => {
  watch.failed("a: connect", new Error("connect ECONNREFUSED"));
  watch.failed("b: connect", new Error("connect ECONNREFUSED"));
  watch.failed("a: publish", new Error("READONLY no"));
  watch.connected("a: ");
  expect(said).toEqual([
    "+unreachable: a: connect: connect ECONNREFUSED",
    "+read_only: a: publish: READONLY no",
  ]);
  watch.connected("b: ");
  expect(said.at(-1)).toBe("-unreachable");
});

test("RedisWatch calls it slow until ten answers in a row were quick, whatever they answered", () => {
  watch.succeeded("a: sweep", 700);
  for (let time = 0; time < 9; time++) watch.succeeded("a: publish", 1);
  watch.failed("a: sweep", new Error("Command timed out"));
  for (let time = 0; time < 9; time++) watch.succeeded("a: publish", 1);
  expect(said).toEqual(["+slow: a: sweep took 700 ms"]);
  watch.succeeded("a: publish", 1);
  expect(said.at(-1)).toBe("-slow");
  expect(watch.errors).toEqual({ slow: 2 });
});

test("RedisWatch takes no time of what waits on purpose", () => {
  watch.succeeded("a: read", undefined);
  expect(watch.durations.counts.every((count) => count === 0)).toBe(true);
  expect(said).toEqual([]);
});

test("RedisWatch.up is false while a connection is away or something is refused, and true while it is slow", () => {
  const seen: boolean[] = [watch.up];
  const then = (step: () => void): void => {
    step();
    seen.push(watch.up);
  };
  then(() => watch.connected("a: "));
  then(() => watch.noted("memory", "evicting", true, "allkeys-lru"));
  then(() => watch.succeeded("a: sweep", 900));
  then(() => watch.disconnected("b: "));
  then(() => watch.connected("b: "));
  then(() => watch.failed("b: publish", new Error("OOM no")));
  then(() => watch.succeeded("b: publish", 1));
  expect(seen).toEqual([false, true, true, true, false, true, false, true]);
});

test("RedisWatch counts what it was looked for as often as it is found, and tells of it once", () => {
  for (const isSo of [true, true, false]) watch.noted("memory", "evicting", isSo, "allkeys-lru");
  expect(watch.errors).toEqual({ evicting: 2 });
  expect(said).toEqual(["+evicting: allkeys-lru", "-evicting"]);
});
