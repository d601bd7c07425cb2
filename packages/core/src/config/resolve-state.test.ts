import { expect, test } from "vitest";
import { formatMistake } from "./mistake.ts";
import type { Reading } from "./reading.ts";
import { resolveState } from "./resolve-state.ts";

function reading(): Reading {
  const context = {
    cores: 2,
    statePath: "/etc/my.state",
    absolutePath: (path: string) => `/etc/${path}`,
    env: (name: string) => (name === "REDIS_PASSWORD" ? "from-the-environment" : undefined),
    readFile: (path: string) => `content of ${path}\n`,
  };
  return { context, mistakes: [], warnings: [] };
}

test("resolveState() takes user and password that are options before those of the URL, and files as texts", () => {
  const read = reading();
  const state = resolveState(
    {
      kind: "redis",
      url: { file: "url" },
      prefix: "yard",
      path: "here",
    },
    { ...read, context: { ...read.context, readFile: () => "rediss://ann:old@redis.example:7000/3\n" } },
  );
  expect(state).toMatchObject({
    prefix: "yard",
    path: "/etc/here",
    user: "ann",
    password: "old",
    database: 3,
  });
  const other = resolveState(
    {
      kind: "redis",
      url: "rediss://ann@redis.example",
      user: "bob",
      password: { env: "REDIS_PASSWORD" },
      tls: { ca: { file: "ca.pem" }, serverName: "redis" },
    },
    read,
  );
  expect(read).toMatchObject({ mistakes: [], warnings: [] });
  expect(other).toEqual({
    kind: "redis",
    path: "/etc/my.state",
    prefix: "shunt",
    mode: "standalone",
    nodes: [{ host: "redis.example", port: 6379 }],
    master: undefined,
    database: 0,
    user: "bob",
    password: "from-the-environment",
    secure: true,
    tls: { ca: "content of /etc/ca.pem", cert: undefined, key: undefined, servername: "redis" },
  });
});

test("resolveState() warns about a password in the configuration, and not about a URL without one", () => {
  const read = reading();
  resolveState({ kind: "redis", url: "redis://redis.example" }, read);
  expect(read.warnings).toEqual([]);
  resolveState({ kind: "redis", url: "redis://:hidden@redis.example" }, read);
  resolveState({ kind: "redis", url: "redis://redis.example", password: "hidden" }, read);
  expect(read.warnings.map(({ path }) => path)).toEqual([
    ["state", "url"],
    ["state", "password"],
  ]);
  expect(read.warnings.map(formatMistake).join()).not.toContain("hidden");
});
