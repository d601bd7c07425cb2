import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ACCEPTOR_FLAGS } from "../../packages/coordinator/src/supervisor/acceptor-flags.ts";
import { eventually } from "../support/eventually.ts";
import { Household, type RunningSupervisor } from "../support/supervised.ts";

/** The whole product on one host: `shunt up` over real acceptors, and sample servers that answer with their name. */

const servers = new Map<string, Server>();

beforeAll(async () => {
  for (const name of ["g1", "g2", "s1"]) {
    const server = createServer((request, response) => {
      const [, ms] = /^\/wait\/(\d+)/.exec(request.url ?? "") ?? [];
      setTimeout(() => response.end(name), Number(ms ?? 0));
    });
    servers.set(name, server.listen(0, "127.0.0.1"));
    await once(server, "listening");
  }
});

afterAll(() => {
  for (const server of servers.values()) server.close();
});

function urlOf(name: string): string {
  const server = servers.get(name);
  if (server === undefined) throw new Error(`there is no server ${name}`);
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** Writes a configuration file with every port left to the system. */
function configFile(household: Household, changes: object = {}): string {
  const file = join(household.directory, "my.config.json");
  const config = {
    listeners: { web: { host: "127.0.0.1", port: 0 } },
    acceptors: 2,
    pools: {
      gold: { servers: { g1: { url: urlOf("g1") }, g2: { url: urlOf("g2") } } },
      general: { servers: { s1: { url: urlOf("s1") } } },
    },
    classes: { gold: { pool: "gold" }, general: { pool: "general" } },
    rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
    defaultClass: "general",
    log: { level: "error", access: "off" },
    admin: { host: "127.0.0.1", port: 0 },
    state: { kind: "embedded", path: household.state },
    ...changes,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

interface Answer {
  readonly server: string;
  readonly response: IncomingMessage;
}

async function ask(url: string, agent: Agent, cookie?: string): Promise<Answer> {
  const request = get(url, { agent, headers: cookie === undefined ? {} : { cookie } });
  const [response] = await once(request, "response");
  let server = "";
  for await (const chunk of response) server += chunk;
  return { server, response };
}

async function stop(supervisor: RunningSupervisor): Promise<void> {
  supervisor.child.kill("SIGTERM");
  expect(await supervisor.exited).toBe(0);
}

test("shunt up sends each request of one connection to its own pool and tells so in /v1/exchanges and /metrics", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household));
  const { listener, admin } = await supervisor.ready();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const seen: string[] = [];
  for (let i = 0; i < 10; i++) {
    const { server } = await ask(`${listener}/${i}`, agent, i % 2 === 0 ? "tier=gold" : undefined);
    seen.push(server.charAt(0));
  }
  agent.destroy();
  expect(seen.join("")).toBe("gsgsgsgsgs");
  const { exchanges } = (await (await fetch(`${admin}/v1/exchanges?limit=3`)).json()) as {
    exchanges: { target: string; rule?: string; attempts: { pool: string }[] }[];
  };
  expect(exchanges.map(({ target, rule, attempts }) => [target, rule, attempts[0]?.pool])).toEqual([
    ["/9", undefined, "general"],
    ["/8", "gold cookie", "gold"],
    ["/7", undefined, "general"],
  ]);
  await eventually(
    async () => await (await fetch(`${admin}/metrics`)).text(),
    (text) => text.includes("\nshunt_exchanges_settled_total 10\n"),
  );
  await stop(supervisor);
});

test("shunt up replaces a killed acceptor, loses nobody in its queue, and does so without its configuration file", async () => {
  await using household = new Household();
  const file = configFile(household, { acceptors: 1 });
  const supervisor = household.up(file);
  const { listener } = await supervisor.ready();
  rmSync(file);
  const [acceptor] = household.members("acceptor");
  process.kill(acceptor?.pid ?? 0, "SIGKILL");
  const agent = new Agent({ keepAlive: false });
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(listener, agent)));
  expect(answers.every(({ server }) => server === "s1")).toBe(true);
  expect(household.members("acceptor").map(({ pid }) => pid)).not.toContain(acceptor?.pid);
  await stop(supervisor);
});

test("shunt up gives acceptors, and nobody else, the flags of V8 that keep their pauses short", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household));
  await supervisor.ready();
  const flagsOf = (role: "acceptor" | "coordinator"): string[] =>
    household.members(role).map(({ pid }) => {
      const command = execFileSync("ps", ["-o", "args=", "-p", `${pid}`], { encoding: "utf8" });
      return command
        .split(" ")
        .filter((word) => ACCEPTOR_FLAGS.includes(word))
        .join(" ");
    });
  const flags = ACCEPTOR_FLAGS.join(" ");
  expect([flagsOf("acceptor"), flagsOf("coordinator")]).toEqual([[flags, flags], [""]]);
  await stop(supervisor);
});

test("shunt up answers every request while its coordinator is killed again and again", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household));
  const { listener } = await supervisor.ready();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  for (let i = 0; i < 200; i++) {
    if (i % 50 === 0) process.kill(household.members("coordinator")[0]?.pid ?? 0, "SIGKILL");
    const { response } = await ask(listener, agent);
    expect(response.statusCode).toBe(200);
    if (i % 50 === 49)
      await eventually(
        () => household.members("coordinator").length,
        (count) => count === 1,
      );
  }
  agent.destroy();
  await stop(supervisor);
});

test("shunt up cuts no exchange in flight on SIGTERM, and tells its clients to close", async () => {
  await using household = new Household();
  const supervisor = household.up(configFile(household));
  const { listener } = await supervisor.ready();
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  // Each client asks on its connection until it is told that this was the last answer.
  const client = async (): Promise<number> => {
    for (let answered = 1; ; answered++) {
      const { response } = await ask(`${listener}/wait/20`, agent);
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
      if (response.headers.connection === "close") return answered;
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await ask(`${listener}/wait/100`, new Agent({ keepAlive: false }));
  await stop(supervisor);
  const answered = await Promise.all(clients);
  expect(Math.min(...answered)).toBeGreaterThan(0);
  agent.destroy();
});
