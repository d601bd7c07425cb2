import { RedisWatch } from "@shunt/core";
import { expect, test } from "vitest";
import { Troubles } from "./troubles.ts";

test("Troubles has what a watch has seen begin, since then, and not what has ended", () => {
  let now = 0;
  const troubles = new Troubles(() => new Date(now));
  const watch = new RedisWatch({
    began: (reason) => troubles.began(reason),
    ended: (reason) => troubles.ended(reason),
  });
  watch.connected("bus: ");
  expect(troubles.seen).toEqual([]);
  now = 1_000;
  watch.failed("publish", new Error("OOM command not allowed"));
  now = 2_000;
  watch.failed("register", new Error("OOM command not allowed"));
  watch.failed("sweep", new Error("READONLY You can't write against a read only replica."));
  expect(troubles.seen).toMatchObject([
    { reason: "full", says: expect.stringContaining("maxmemory"), since: "1970-01-01T00:00:01.000Z" },
    { reason: "read_only", since: "1970-01-01T00:00:02.000Z" },
  ]);
  watch.succeeded("publish", 1);
  watch.succeeded("register", 1);
  expect(troubles.seen.map(({ reason }) => reason)).toEqual(["read_only"]);
});
