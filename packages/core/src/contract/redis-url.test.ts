import { expect, test } from "vitest";
import { parseRedisUrl } from "./redis-address.ts";
import { redisUrlOf } from "./redis-url.ts";

test.each([
  "redis://redis.example:7000/3",
  "rediss://[::1]:6379/0",
  "redis+sentinel://a:26379,b:26380/my%20master/2",
  "rediss+cluster://a:7000,b:7001",
])("redisUrlOf() gives what parseRedisUrl() has read, without user and password: %s", (url) => {
  const parsed = parseRedisUrl(url.replace("://", "://ann:hidden@"));
  if (!parsed.ok) throw new Error(parsed.problem);
  expect(redisUrlOf(parsed.address)).toBe(url);
});
