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

group("shunt drain, maintenance, ready, weight", () => {
  test("change a server, say what has changed, and nothing when it is so already", async () => {
    const drained = await run("drain", "gold/g1");
    expect([drained.code, drained.err]).toEqual([0, ""]);
    expect(drained.out).toMatch(
      /^~ \/pools\/gold\/servers\/g1\/state: "ready" -> "drain"\ngeneration \d+ \(version 0-\d+\): changed\n$/,
    );
    expect((await run("drain", "gold/g1")).out).toMatch(
      /^generation \d+ .*: unchanged: that is what holds already\n$/,
    );
    expect((await run("status")).out).toMatch(/^gold\/g1 +\S+ +drain /m);
    expect((await run("maintenance", "gold/g1")).out).toContain('"drain" -> "maintenance"');
    expect((await run("ready", "gold/g1")).out).toContain('"maintenance" -> "ready"');
    const weighed = await run("weight", "gold/g1", "7", "--json");
    expect(JSON.parse(weighed.out)).toMatchObject({
      outcome: "changed",
      differences: [{ pointer: "/pools/gold/servers/g1/weight", before: 1, after: 7 }],
    });
    expect((await run("weight", "gold/g1", "1")).code).toBe(0);
  });

  test("a drained server gets no request any more", async () => {
    await run("drain", "gold/g1");
    const [g1] = servers as [SampleServer];
    await eventually(
      async () => {
        const before = g1.received.length;
        for (let i = 0; i < 10; i++) {
          await (await fetch(shunt.url, { headers: { cookie: "tier=gold" } })).text();
        }
        return g1.received.length - before;
      },
      (received) => received === 0,
    );
    expect((await run("ready", "gold/g1")).code).toBe(0);
  });

  test("--dry-run says what would change, and changes nothing", async () => {
    const dry = await run("drain", "gold/g2", "--dry-run");
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('"ready" -> "drain"')]);
    expect(dry.out).toMatch(/: would change; nothing was changed\n$/);
    expect((await run("status")).out).toMatch(/^gold\/g2 +\S+ +ready /m);
  });

  test("--if-match exits 5 when another configuration holds by now", async () => {
    const [, version = ""] = /\(version (\S+)\)/.exec((await run("status")).out) ?? [];
    expect((await run("weight", "gold/g2", "3", "--if-match", version)).code).toBe(0);
    const late = await run("weight", "gold/g2", "4", "--if-match", version);
    expect([late.code, late.out]).toEqual([5, ""]);
    expect(late.err).toMatch(
      /^shunt weight: PATCH \/v1\/pools\/gold\/servers\/g2 at \S+ is answered with 412: .*\n$/,
    );
    expect((await run("weight", "gold/g2", "1")).code).toBe(0);
  });

  test("exit 1 for a server that there is not, with the name that was probably meant", async () => {
    const { code, err } = await run("drain", "gold/g11");
    expect([code, err]).toEqual([1, expect.stringContaining('no server "g11"')]);
  });
});

test("GET /v1/events tells of acceptors and of changes, those before it included for who asks for them", async () => {
  await run("maintenance", "gold/g2");
  await run("ready", "gold/g2");
  const headers = { authorization: `Bearer ${TOKEN}`, "last-event-id": "none" };
  const { body } = await fetch(`${shunt.admin}/v1/events`, { headers });
  let told = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    told += chunk;
    if (told.includes('"server":"gold/g2","state":"ready"')) break;
  }
  expect(told).toMatch(/^event: acceptor-joined\ndata: \{"at":"[^"]+","acceptor":/m);
  expect(told).toMatch(/^event: generation-changed\ndata: .*"summary":"gold\/g2: state maintenance"/m);
  expect(told).toContain('"server":"gold/g2","state":"maintenance"');
});

group("shunt config", () => {
  test("get prints what put takes again, without secrets, and diff then finds nothing", async () => {
    const { code, out, err } = await run("config", "get");
    expect([code, err]).toEqual([0, expect.stringMatching(/^version 0-\d+\n$/)]);
    expect(out).not.toContain(TOKEN);
    expect(JSON.parse(out)).toMatchObject({ admin: { token: "(secret)" } });
    const file = join(directory, "got.json");
    writeFileSync(file, out);
    expect((await run("config", "diff", file)).out).toMatch(
      /^generation \d+ .*: unchanged: that is what holds already\n$/,
    );
  });

  test("put has a program's configuration hold, history lists it, and rollback goes back", async () => {
    const [, before = ""] = /^generation +(\d+)/m.exec((await run("status")).out) ?? [];
    const file = join(directory, "new.config.ts");
    const { admin: _, state: __, ...options } = JSON.parse((await run("config", "get")).out);
    writeFileSync(
      file,
      `const options = ${JSON.stringify(options)};
       options.pools.general.servers.s1.weight = 3 + 4;
       export default options;`,
    );
    const diff = await run("config", "diff", file);
    expect(diff.out).toContain("~ /pools/general/servers/s1/weight: 1 -> 7\n");
    const put = await run("config", "put", file);
    expect([put.code, put.out]).toEqual([
      0,
      expect.stringContaining("~ /pools/general/servers/s1/weight: 1 -> 7\n"),
    ]);
    const history = await run("config", "history", "--limit", "2");
    expect(history.out).toMatch(/^GENERATION +VERSION +AT +BY +SUMMARY\n +\d+ .*\n +\d+ .*\n$/);
    const back = await run("config", "rollback", before);
    expect([back.code, back.out]).toEqual([0, expect.stringContaining("weight: 7 -> 1\n")]);
  });

  test("put sends nothing of a file with mistakes, and tells each with its place", async () => {
    const file = join(directory, "wrong.json");
    writeFileSync(file, '{ "pools": {} }');
    const { code, out, err } = await run("config", "put", file);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`${file}:1:`);
    expect(err).toMatch(/shunt config put: ".*wrong\.json" cannot be used; nothing was sent\.\n$/);
  });

  test("rollback exits 1 for a generation that nobody knows", async () => {
    const { code, err } = await run("config", "rollback", "999999");
    expect([code, err]).toEqual([1, expect.stringContaining("999999")]);
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
