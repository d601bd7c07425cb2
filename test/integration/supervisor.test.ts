import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FIXED } from "@shunt/core";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Household } from "../support/supervised.ts";

interface Answer {
  readonly id: string;
  readonly pid: number;
}

/** Each call opens a connection of its own. */
async function ask(base: string, path = "/"): Promise<Answer> {
  const request = get(base + path, { agent: new Agent({ keepAlive: false }) });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return JSON.parse(body);
}

/** The parts of the API's answers that tests look at. */
interface Seen {
  readonly generation: number;
  readonly acceptors: readonly { readonly id: string }[];
  readonly servers: readonly { readonly outstanding: number }[];
}

async function json(url: string): Promise<Seen> {
  return (await (await fetch(url)).json()) as Seen;
}

/** Asks until `count` different processes have answered. */
async function answering(base: string, count: number): Promise<Set<number>> {
  const pids = new Set<number>();
  await eventually(
    async () => pids.add((await ask(base)).pid),
    (seen) => seen.size >= count,
  );
  return pids;
}

test("Supervisor says ready once, when all acceptors accept, and exits 0 after SIGTERM with nothing left", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config());
  const { listener, admin } = await supervisor.ready();
  expect((await json(`${admin}/v1/acceptors`)).acceptors.length).toBeLessThanOrEqual(2);
  await answering(listener, 2);
  supervisor.child.kill("SIGTERM");
  expect(await supervisor.exited).toBe(0);
  expect(supervisor.lines).toHaveLength(1);
  expect(existsSync(join(household.state, "bus.sock"))).toBe(false);
  expect(JSON.parse(readFileSync(join(household.state, "household.json"), "utf8"))).toEqual([]);
});

test("Supervisor has each acceptor listen on several sockets before it says ready", async () => {
  await using household = new Household();
  const { listener } = await household.run(household.config()).ready();
  const acceptors = (await answering(listener, 2)).size;
  const port = Number(new URL(listener).port).toString(16).toUpperCase().padStart(4, "0");
  // The kernel's table: local address and port, then the other side's, then the state, of which 0A is listening.
  const listening = readFileSync("/proc/net/tcp", "utf8").match(
    new RegExp(`: 0100007F:${port} 00000000:0000 0A `, "g"),
  );
  expect(listening).toHaveLength(acceptors * FIXED.listenShards);
});

test("Supervisor replaces an acceptor killed with SIGKILL and loses no connection that waits in its queue", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config({ acceptors: 1 }));
  const { listener } = await supervisor.ready();
  const { pid } = await ask(listener);
  process.kill(pid, "SIGKILL");
  // All of these meet a dead acceptor: the kernel queues them on the handle that the supervisor kept.
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(listener)));
  expect(new Set(answers.map((answer) => answer.pid)).size).toBe(1);
  expect(answers[0]?.pid).not.toBe(pid);
});

test("Supervisor starts the successor of an acceptor that was asked to end while that one still finishes", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config({ acceptors: 1 }));
  const { listener } = await supervisor.ready();
  const { pid } = await ask(listener);
  const held = ask(listener, "/hold");
  await eventually(
    () => json(`${admin(supervisor.lines)}/v1/load`),
    (load) => load.servers[0]?.outstanding === 1,
  );
  process.kill(pid, "SIGTERM");
  // Until the new one listens, the old one accepts.
  await eventually(
    () => ask(listener),
    (answer) => answer.pid !== pid,
  );
  // SIGUSR2 has logs reopened, which is when the fake lets go of what it holds.
  supervisor.child.kill("SIGUSR2");
  expect((await held).pid).toBe(pid);
});

const admin = (lines: readonly string[]): string => lines[0]?.split(" admin ")[1] ?? "";

test("a coordinator killed with SIGKILL is replaced on its port with the same generation, unnoticed by requests", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config());
  const { listener, admin } = await supervisor.ready();
  const before = await eventually(
    () => json(`${admin}/v1/acceptors`),
    ({ acceptors }) => acceptors.length === 2,
  );
  const [coordinator] = household.members("coordinator");
  process.kill(coordinator?.pid ?? 0, "SIGKILL");
  for (let i = 0; i < 50; i++) await ask(listener);
  const after = await eventually(
    () => json(`${admin}/v1/acceptors`),
    ({ acceptors }) => acceptors.length === 2,
  );
  const ids = (answer: Seen) => answer.acceptors.map(({ id }) => id).sort();
  expect([after.generation, ids(after)]).toEqual([before.generation, ids(before)]);
});

test("the generation rises by one with a changed configuration and stays with the same", async () => {
  await using household = new Household();
  const generations: number[] = [];
  for (const acceptors of [1, 1, 2]) {
    const supervisor = household.run(household.config({ acceptors }));
    const { admin } = await supervisor.ready();
    generations.push((await json(`${admin}/v1/config`)).generation);
    supervisor.child.kill("SIGTERM");
    await supervisor.exited;
  }
  expect(generations).toEqual([1, 1, 2]);
});

test("a damaged state database is moved aside, with an alarm, and the generation goes on", async () => {
  await using household = new Household();
  const config = household.config({ acceptors: 1 });
  const first = household.run(config);
  await first.ready();
  first.child.kill("SIGTERM");
  await first.exited;
  rmSync(join(household.state, "state.db-wal"), { force: true });
  writeFileSync(join(household.state, "state.db"), "nothing that SQLite would know".repeat(1_000));
  const second = household.run(config);
  const { admin } = await second.ready();
  expect((await json(`${admin}/v1/config`)).generation).toBe(2);
  expect(second.errors).toContain("state database is damaged");
});

test("a coordinator that never starts is done without where the last snapshot is on disk, and nowhere else", async () => {
  await using household = new Household();
  const config = household.config({ acceptors: 1, log: { level: "warn", access: "off" } });
  const refused = household.runWithoutCoordinator(config);
  expect(await refused.exited).toBe(1);
  expect(refused.errors).toContain(
    "Cannot start: the coordinator ended 3 times before it was ready. Last: nothing can be read here",
  );
  const { admin: _, state: __, ...dataPlane } = config;
  const snapshot = { term: 0, generation: 7, config: dataPlane };
  writeFileSync(join(household.state, "snapshot.json"), JSON.stringify(snapshot));
  const serving = household.runWithoutCoordinator(config);
  const [line = ""] = await eventually(
    () => serving.lines,
    ({ length }) => length > 0,
  );
  // Nobody can be asked for anything but what acceptors serve.
  expect(line).toMatch(/^ready http:\S+$/);
  expect((await ask(line.slice("ready ".length))).pid).toBeGreaterThan(0);
  expect(serving.errors).toContain("starting with the last snapshot on disk, to catch up later");
  serving.child.kill("SIGTERM");
  expect(await serving.exited).toBe(0);
});

test("SIGTERM lets an exchange in flight finish", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config({ acceptors: 1 }));
  const { listener, admin } = await supervisor.ready();
  const slow = ask(listener, "/wait/800");
  await eventually(
    () => json(`${admin}/v1/load`),
    (load) => load.servers[0]?.outstanding === 1,
  );
  supervisor.child.kill("SIGTERM");
  expect((await slow).id).toMatch(/^a1-/);
  expect(await supervisor.exited).toBe(0);
});

test("two signals at once are one order to drain; a later one ends everything with 1", async () => {
  await using household = new Household();
  const supervisor = household.run(household.config({ acceptors: 1 }), "stay");
  const { listener } = await supervisor.ready();
  const { pid } = await ask(listener);
  supervisor.child.kill("SIGTERM");
  supervisor.child.kill("SIGINT");
  // Longer than two signals may lie apart and still be one order (cli/up.ts).
  await sleep(700);
  expect(supervisor.child.exitCode).toBeNull();
  supervisor.child.kill("SIGINT");
  expect(await supervisor.exited).toBe(1);
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("acceptors serve on when the supervisor is killed, and drain when the next one is ready", async () => {
  await using household = new Household();
  const port = await freePort();
  const config = household.config({
    listeners: [{ name: "web", host: "127.0.0.1", port, proxyProtocol: false }],
    admin: { host: "127.0.0.1", port: await freePort(), tokens: [] },
  });
  const first = household.run(config);
  const { listener } = await first.ready();
  const old = await answering(listener, 2);
  first.child.kill("SIGKILL");
  await first.exited;
  expect(await answering(listener, 2)).toEqual(old);
  const second = household.run(config);
  await second.ready();
  await eventually(
    () => [...old].filter(isAlive),
    (alive) => alive.length === 0,
  );
  const fresh = await answering(listener, 2);
  expect([...fresh].filter((pid) => old.has(pid))).toEqual([]);
  expect(household.members("coordinator")).toHaveLength(1);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a second supervisor of the same state directory is refused and told the pid of the first", async () => {
  await using household = new Household();
  const first = household.run(household.config({ acceptors: 1 }));
  await first.ready();
  const second = household.run(household.config({ acceptors: 1 }));
  expect(await second.exited).toBe(1);
  expect(second.errors).toMatch(/a Shunt runs with it already \(supervisor pid (\d+)\)/);
  expect(second.errors).toContain(`pid ${first.child.pid}`);
});

test.each([
  ["listener", true],
  ["listener", false],
  ["admin", true],
  ["admin", false],
])(
  "a stranger on the port of %s, SO_REUSEPORT %s, is named and nothing is started",
  async (what, reusePort) => {
    await using household = new Household();
    const stranger = createServer();
    stranger.listen({ host: "127.0.0.1", port: 0, reusePort });
    await once(stranger, "listening");
    const { port } = stranger.address() as AddressInfo;
    const place = { host: "127.0.0.1", port };
    const supervisor = household.run(
      household.config(
        what === "listener"
          ? { listeners: [{ name: "web", proxyProtocol: false, ...place }] }
          : { admin: { ...place, tokens: [] } },
      ),
    );
    expect(await supervisor.exited).toBe(1);
    const named = what === "listener" ? 'listener "web"' : "the admin API";
    expect(supervisor.errors).toBe(
      `Cannot listen on 127.0.0.1:${port} (${named}): another program listens there already.\n`,
    );
    stranger.close();
  },
);

test("a state directory that others may enter is refused", async () => {
  await using household = new Household();
  mkdirSync(household.state);
  chmodSync(household.state, 0o755);
  const supervisor = household.run(household.config());
  expect(await supervisor.exited).toBe(1);
  expect(supervisor.errors).toContain("others may enter it (mode 755, expected 700)");
});

test("an acceptor that never becomes ready is given up after three times, with its last words", async () => {
  await using household = new Household();
  const supervisor = household.run(
    household.config({ acceptors: 1, log: { level: "silent", access: "off" } }),
    "refuse",
  );
  expect(await supervisor.exited).toBe(1);
  expect(supervisor.errors).toBe(
    "Cannot start: the acceptor a1 ended 3 times before it was ready. Last: this acceptor does not want to\n",
  );
});

test("a state directory too long for a socket's path gets its bus elsewhere", async () => {
  await using household = new Household();
  const path = join(household.state, "x".repeat(120));
  mkdirSync(household.state, { mode: 0o700 });
  const supervisor = household.run(household.config({ acceptors: 1, state: { kind: "embedded", path } }));
  const { admin } = await supervisor.ready();
  await eventually(
    () => json(`${admin}/v1/acceptors`),
    ({ acceptors }) => acceptors.length === 1,
  );
  supervisor.child.kill("SIGTERM");
  expect(await supervisor.exited).toBe(0);
});
