import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { adminCommand, command } from "../support/admin-command.ts";
import { eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt, TOKEN } from "../support/shunt.ts";

/** The commands of an operator, as the real binary, against a real product. */

let servers: SampleServer[];
let shunt: RunningShunt;
let directory: string;

beforeAll(async () => {
  servers = await Promise.all(["g1", "g2", "s1"].map((name) => SampleServer.start(name)));
  const [g1, g2, s1] = servers as [SampleServer, SampleServer, SampleServer];
  shunt = await startShunt(goldAndGeneral([g1, g2], [s1]));
  await shunt.acceptor();
  directory = mkdtempSync(join(tmpdir(), "shunt-cli-admin-"));
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  rmSync(directory, { recursive: true });
});

const run = (...args: readonly string[]) => adminCommand(shunt, ...args);

group("shunt status", () => {
  test("shows who takes part and what of it serves, and exits 0", async () => {
    const { code, out, err } = await eventually(
      () => run("status"),
      ({ code }) => code === 0,
    );
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^coordinator {2}\S+, version \S+, leads\nleader {7}\S+\ngeneration {3}\d+ \(version 0-\d+\)\n/,
    );
    expect(out).toMatch(
      /^HOST +ACCEPTORS +STATE +VERSION +GENERATION +CONNECTIONS +EXCHANGES\n\S+ +1 +accepting /m,
    );
    expect(out.match(/^\w+\/\w+/gm)).toEqual(["gold/g1", "gold/g2", "general/s1"]);
    expect(out).not.toMatch(/[ \t]$|\p{Cc}(?<!\n)/mu);
  });

  test("--json has the same for programs", async () => {
    const { out } = await run("status", "--json");
    expect(JSON.parse(out)).toMatchObject({
      coordinator: { leads: true, state: "embedded" },
      acceptors: [{ state: "accepting" }],
      pools: [{ name: "gold" }, { name: "general", servers: [{ name: "s1", state: "ready" }] }],
    });
  });
});

group("shunt top", () => {
  test("prints one plain table where there is no terminal, and the same with --once", async () => {
    for (const args of [["top"], ["top", "--once"]]) {
      const { code, out } = await run(...args);
      expect(code).toBe(0);
      expect(out).toMatch(
        /^SERVER +OUTSTANDING +RATE\/S +ERRORS\/S +LATENCY +STATE +HEALTH\ngold\/g1 .* ready +ok\n/,
      );
      expect(out).not.toMatch(/[ \t]$|\p{Cc}(?<!\n)/mu);
    }
  });

  test("--json prints a document for each look, a line each", async () => {
    const { out } = await run("top", "--json", "--once");
    expect(out.split("\n")).toHaveLength(2);
    expect(JSON.parse(out).servers.map(({ server }: { server: string }) => server)).toEqual([
      "gold/g1",
      "gold/g2",
      "general/s1",
    ]);
  });
});

group("shunt explain --admin", () => {
  test("says where a request would go by what the coordinator knows", async () => {
    const args = ["--header", "Cookie: tier=gold", "--header", "X-A: 1", "--header", "X-A: 2", "--seed", "5"];
    const { code, out, err } = await run("explain", "--admin", shunt.admin, ...args);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("rule      gold cookie\nclass     gold\n");
    expect(out).toMatch(/^winner {4}gold\/g[12]$/m);
    const again = await run("explain", "--json", ...args);
    expect(JSON.parse(again.out)).toMatchObject({ outcome: "decided", class: "gold" });
  });

  test("does not take a file as well", async () => {
    const { code, err } = await run("explain", "--admin", shunt.admin, "-c", shunt.config);
    expect([code, err]).toEqual([1, "shunt explain: expected -c FILE or --admin URL, found both.\n"]);
  });
});

group("a command that cannot do what it should", () => {
  test("exits 3 with a sentence when nobody answers there", async () => {
    const { code, out, err } = await command(["status", "--admin", "http://127.0.0.1:1"]);
    expect([code, out]).toEqual([3, ""]);
    expect(err).toBe(
      "shunt status: cannot reach the admin API at http://127.0.0.1:1: connection refused. Start Shunt there, or name the address of its admin API with --admin URL or SHUNT_ADMIN.\n",
    );
  });

  test("exits 3 when the answer does not come in time", async () => {
    const deaf = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => deaf.once("listening", resolve));
    const { port } = deaf.address() as AddressInfo;
    const { code, err } = await command(["top", "--admin", `http://127.0.0.1:${port}`, "--timeout", "50"]);
    deaf.closeAllConnections();
    deaf.close();
    expect([code, err]).toEqual([3, expect.stringContaining(": no answer in 50 ms. ")]);
  });

  test("exits 3 when somebody else answers there", async () => {
    const [server] = servers;
    const { code, err } = await command(["status", "--admin", server?.url ?? ""]);
    expect([code, err]).toEqual([3, expect.stringContaining("is not one of Shunt's admin API (status ")]);
  });

  test.each([
    [{}, "A bearer token is needed"],
    [{ SHUNT_TOKEN: "wrong" }, "not "],
  ])("exits 4 with the environment %j where a token is needed", async (environment, said) => {
    const { code, out, err } = await command(["status", "--admin", shunt.admin], environment);
    expect([code, out]).toEqual([4, ""]);
    expect(err).toMatch(/ is answered with 401: .* Set SHUNT_TOKEN, or name a file with --token-file\.\n$/);
    expect(err).toContain(said);
  });

  test("takes the token out of a file, which wins over the environment", async () => {
    const file = join(directory, "token");
    writeFileSync(file, `${TOKEN}\n`);
    const args = ["status", "--admin", shunt.admin, "--token-file", file];
    expect((await command(args, { SHUNT_TOKEN: "wrong" })).code).toBe(0);
  });
});
