import { RedisWatch } from "@shunt/core";
import { expect, test } from "vitest";
import { exposition } from "../api/exposition.ts";
import { redisMetrics } from "./redis-metrics.ts";

test("redisMetrics() says whether Redis does what it is asked, what went wrong by reason, and how long it takes", () => {
  const watch = new RedisWatch({ began: () => {}, ended: () => {} });
  watch.connected("bus: ");
  watch.succeeded("sweep", 3);
  watch.failed("publish", new Error("OOM command not allowed"));
  const text = exposition(redisMetrics(watch, { fenced: 2 }));
  expect(text).toContain("shunt_redis_up 0\n");
  expect(text).toContain('shunt_redis_errors_total{reason="full"} 1\n');
  expect(text).toContain('shunt_redis_command_seconds_bucket{le="0.005"} 1\n');
  expect(text).toContain("shunt_redis_command_seconds_count 1\n");
  expect(text).toContain('shunt_bus_refused_total{reason="fenced"} 2\n');
  watch.succeeded("publish", 1);
  expect(exposition(redisMetrics(watch, {}))).toContain("shunt_redis_up 1\n");
});
