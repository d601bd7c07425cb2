import { expect, describe as group, test } from "vitest";
import { parseRedisUrl, type RedisAddress } from "./redis-address.ts";

const ADDRESS: RedisAddress = {
  mode: "standalone",
  nodes: [{ host: "redis.test", port: 6379 }],
  master: undefined,
  database: 0,
  user: undefined,
  password: undefined,
  secure: false,
};

group("parseRedisUrl()", () => {
  test.each<[url: string, differs: Partial<RedisAddress>]>([
    ["redis://redis.test", {}],
    ["redis://redis.test:6380/3", { nodes: [{ host: "redis.test", port: 6380 }], database: 3 }],
    ["rediss://[::1]:1/", { nodes: [{ host: "::1", port: 1 }], secure: true }],
    ["redis://shunt:p%40ss%2F@redis.test", { user: "shunt", password: "p@ss/" }],
    ["redis://:a:b@redis.test", { password: "a:b" }],
    ["redis://shunt@redis.test", { user: "shunt" }],
    [
      "redis+sentinel://u:p@s1:1,s2/main/2",
      {
        mode: "sentinel",
        nodes: [
          { host: "s1", port: 1 },
          { host: "s2", port: 26379 },
        ],
        master: "main",
        database: 2,
        user: "u",
        password: "p",
      },
    ],
    [
      "rediss+cluster://10.0.0.1:7000,10.0.0.2:7000",
      {
        mode: "cluster",
        nodes: [
          { host: "10.0.0.1", port: 7000 },
          { host: "10.0.0.2", port: 7000 },
        ],
        secure: true,
      },
    ],
  ])("takes %s apart", (url, differs) => {
    expect(parseRedisUrl(url)).toEqual({ ok: true, address: { ...ADDRESS, ...differs } });
  });

  test.each([
    ["", "no URL of a Redis"],
    ["http://redis.test", "no URL of a Redis"],
    ["redis://redis.test?db=1", "no URL of a Redis"],
    ["redis://", "a host that is none"],
    ["redis://redis.test:0", "a host that is none"],
    ["redis://redis.test:65536", "a host that is none"],
    ["redis://::1", "a host that is none"],
    ["redis://a,b", "several hosts"],
    ["redis+cluster://a,", "a host that is none"],
    [`redis+cluster://${Array(65).fill("a").join()}`, "65 hosts"],
    ["redis://redis.test/main", "a path that is no database"],
    ["redis://redis.test/1/2", "a path that is no database"],
    ["redis+sentinel://s1", "no name of the server"],
    ["redis+sentinel://s1/main/x", "no name of the server"],
    ["redis+cluster://a/0", "a path. Expected none"],
    ["redis://:%zz@redis.test", "a % that escapes nothing"],
  ])("refuses %s", (url, problem) => {
    expect(parseRedisUrl(url)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("shows nothing of a URL that it refuses, for it may hold a password", () => {
    for (const url of ["redis://u:secret@a b", "redis://u:secret%zz@a", "redis://u:secret@a/x"]) {
      expect(JSON.stringify(parseRedisUrl(url))).not.toContain("secret");
    }
  });
});
