import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { pathOf } from "./files.ts";

const PROJECT = "shunt-test";
const IMAGE = "shunt:test";
const BASE = "shunt/base:local";
const TOKEN = "a-token-for-the-test-of-compose";
const WORKERS = [8081, 8082, 8083];
const COORDINATORS = [7071, 7072];
const START_MS = 240_000;

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
/** Images are made here and none is pulled: of Redis there has to be one. */
const redis = process.env.SHUNT_REDIS_IMAGE;
const possible = redis !== undefined && runs("docker", "info") && runs("docker-compose", "version");

function compose(...args: string[]): string {
  const file = pathOf("infra/compose/compose.yaml");
  return execFileSync("docker-compose", ["-p", PROJECT, "-f", file, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SHUNT_IMAGE: IMAGE, SHUNT_REDIS_IMAGE: redis, SHUNT_TOKEN: TOKEN },
  });
}

async function ask(port: number, path = "/"): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
  return answer.ok ? await answer.text() : `status ${answer.status}`;
}

async function api(port: number, method: string, path: string, body?: object): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
}

describe.skipIf(!possible)(
  "the cluster of compose.yaml (needs Docker, docker-compose and SHUNT_REDIS_IMAGE)",
  () => {
    beforeAll(() => {
      execFileSync("sh", [pathOf("infra/images/base.sh"), BASE], { stdio: "ignore" });
      execFileSync("sh", [pathOf("infra/images/build.sh"), IMAGE, BASE], { stdio: "ignore" });
      compose("up", "-d");
    }, START_MS);

    afterAll(() => {
      compose("down", "--volumes", "--timeout", "5");
    }, 60_000);

    test(
      "every worker serves by the configuration that a coordinator has brought",
      async () => {
        for (const port of WORKERS) {
          expect(
            await eventually(
              () => ask(port, "/x").catch(String),
              (text) => text.includes("answers"),
            ),
          ).toMatch(/^s[12] answers GET \/x/);
        }
      },
      START_MS,
    );

    test("a server that is drained at one coordinator gets nothing from any worker", async () => {
      const drained = await api(COORDINATORS[1] as number, "PATCH", "/v1/pools/general/servers/s2", {
        state: "drain",
      });
      expect(drained.status).toBe(200);
      for (const port of WORKERS) {
        await eventually(
          async () => await Promise.all(Array.from({ length: 8 }, () => ask(port))),
          (answers) => answers.every((answer) => answer.startsWith("s1 ")),
        );
      }
    }, 60_000);

    test("all containers are healthy, and run as nobody", async () => {
      const ids = compose("ps", "-q").trim().split("\n");
      const states = await eventually(
        () => ids.map((id) => inspect(id)),
        (each) => each.every(({ health }) => health === "healthy" || health === "none"),
      );
      expect(states.filter(({ health }) => health === "healthy")).toHaveLength(
        WORKERS.length + COORDINATORS.length,
      );
      expect(states.every(({ user }) => /^[1-9]/.test(user))).toBe(true);
    }, 60_000);
  },
);

function inspect(id: string): { readonly health: string; readonly user: string } {
  const format = "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.Config.User}}";
  const [health = "", user = ""] = execFileSync("docker", ["inspect", "-f", format, id], { encoding: "utf8" })
    .trim()
    .split(" ");
  return { health, user };
}
