import { SeedSequence } from "@shunt/core";
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Haproxy } from "../support/haproxy.ts";
import { needs, output } from "../support/programs.ts";
import { ProxiedServer } from "../support/proxied-server.ts";
import { get, head, RawClient } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, poolOf, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Client addresses across proxies that do not read HTTP: PROXY headers from clients, and to servers. */

const V1 = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 8443\r\n";
/** The same in version 2, and a vector that means nothing. */
const V2 = binary("21110010", "c0000201c6336402dc0420fb", "04000161");
const LOCAL = binary("20000000");
const WEB = { host: "127.0.0.1", port: 0, proxyProtocol: true };

/** A header of version 2, of hexadecimal octets. */
function binary(...parts: readonly string[]): Buffer {
  return Buffer.from(["0d0a0d0a000d0a515549540a", ...parts].join(""), "hex");
}

/** A server that says what it was told of the client. */
function startTelling(): Promise<SampleServer> {
  return SampleServer.start("s1", ({ headers }, response) => {
    const told = ["x-forwarded-for", "forwarded", "host"].map((name) => headers[name]);
    response.end(told.join(" | "));
  });
}

group("a listener with the PROXY protocol", () => {
  let server: SampleServer;
  let local: SampleServer;
  let shunt: RunningShunt;

  beforeAll(async () => {
    [server, local] = await Promise.all([startTelling(), SampleServer.start("local")]);
    shunt = await startShunt({
      listeners: { web: WEB },
      pools: { all: poolOf(server), local: poolOf(local) },
      classes: { all: { pool: "all" }, local: { pool: "local" } },
      rules: [{ name: "from here", when: { client: "127.0.0.0/8" }, class: "local" }],
      defaultClass: "all",
      trust: { peers: ["127.0.0.1", "203.0.113.0/24"] },
      timeouts: { headMs: 500, drainMs: 5_000 },
    });
  });

  afterAll(async () => {
    await shunt[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await local[Symbol.asyncDispose]();
  });

  async function connectWith(header: string | Uint8Array): Promise<RawClient> {
    const client = await shunt.connect();
    await client.send(header);
    return client;
  }

  test.each([
    ["1", V1],
    ["2", V2],
  ])(
    "takes the client of a header of version %s for the client, on every request of the connection",
    async (_, header) => {
      using client = await connectWith(header);
      for (const target of ["/one", "/two"]) {
        const { text } = await client.ask(target);
        expect(text).toMatch(/^192\.0\.2\.1 \| for=192\.0\.2\.1;/);
      }
      const lines = await shunt.accessLog(2);
      expect(lines.slice(-2).map(({ client }) => client)).toEqual(["192.0.2.1", "192.0.2.1"]);
    },
  );

  test("takes a header that comes octet by octet, and pipelined requests right behind it", async () => {
    using slow = await shunt.connect();
    for (const octet of V2) await slow.send(Buffer.of(octet));
    expect((await slow.ask("/slow")).text).toContain("192.0.2.1");
    using fast = await connectWith(V1 + get("/1") + get("/2") + get("/3"));
    expect((await fast.responses(3)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("gives an HTTP/1.0 request without Host the address that the client has connected to", async () => {
    using client = await connectWith(V1);
    await client.send(head("GET / HTTP/1.0"));
    expect((await client.response()).text).toMatch(/ \| 198\.51\.100\.2:8443$/);
  });

  test("believes forwarding fields by the address in the header, and not by that of the proxy", async () => {
    const field = "X-Forwarded-For: 198.51.100.77";
    using stranger = await connectWith(V1);
    expect((await stranger.ask("/", field)).text).toMatch(/^192\.0\.2\.1 \|/);
    using friend = await connectWith("PROXY TCP4 203.0.113.9 198.51.100.2 1 2\r\n");
    expect((await friend.ask("/", field)).text).toMatch(/^198\.51\.100\.77, 203\.0\.113\.9 \|/);
    using nobody = await connectWith("PROXY UNKNOWN\r\n");
    expect((await nobody.ask("/", field)).text).toBe("local GET /");
    const [asked] = local.received.slice(-1);
    expect(asked?.headers["x-forwarded-for"]).toBe("127.0.0.1");
  });

  test("takes a health check (LOCAL) for the proxy itself", async () => {
    using client = await connectWith(LOCAL);
    expect((await client.ask("/health")).text).toBe("local GET /health");
  });

  test.each([
    ["missing", get("/")],
    ["malformed", V1.replace("56324", "056324")],
    ["too_long", binary("2111ffff")],
    ["checksum", binary("21110013", "c0000201c6336402dc0420fb", "03000400000000")],
  ])("closes a connection whose header is %s, counts it, and tells the octets", async (fault, octets) => {
    const reason = `proxy_header_${fault}`;
    const before = server.received.length;
    using client = await connectWith(octets);
    await client.rest().catch(() => "");
    await eventually(
      () => shunt.metric("shunt_connections_refused_total", `reason="${reason}"`),
      (count) => count === 1,
    );
    const [line] = shunt.logged("connection refused").filter((each) => each.reason === reason);
    expect(line).toMatchObject({ peer: "127.0.0.1", octets: expect.any(String) });
    expect(server.received.length).toBe(before);
  });

  test("closes a connection whose header does not come, and counts it", async () => {
    using client = await connectWith("PROXY TCP4 192.0.2.1 ");
    await client.rest().catch(() => "");
    await eventually(
      () => shunt.metric("shunt_connections_refused_total", 'reason="proxy_header_timeout"'),
      (count) => count === 1,
    );
  });

  test("is reached by curl with its own header", async (context) => {
    needs(context, "curl", "curl");
    expect(await output("curl", "-sS", "--haproxy-protocol", `${shunt.url}/curl`)).toBe("local GET /curl");
  });

  test.for(["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])(
    "is told the client by HAProxy with %s",
    async (option, context) => {
      needs(context, "haproxy", "haproxy");
      const { port } = new URL(shunt.url);
      await using haproxy = await Haproxy.start(`listen front
  mode tcp
  bind 127.0.0.1:<port>
  unique-id-format %[uuid]
  server shunt 127.0.0.1:${port} ${option}`);
      using client = await RawClient.connect(haproxy.url, "127.0.0.77");
      expect((await client.ask("/haproxy")).text).toBe("local GET /haproxy");
      expect(local.received.at(-1)?.headers["x-forwarded-for"]).toBe("127.0.0.77");
    },
  );
});

group("a listener with the PROXY protocol that the peer is not trusted by", () => {
  test("closes every connection, counts it, and says so in the log", async () => {
    await using server = await startTelling();
    await using shunt = await startShunt({
      ...onePool(server),
      listeners: { web: WEB },
      trust: { peers: ["10.0.0.0/8"] },
    });
    using client = await shunt.connect();
    await client.send(V1 + get("/")).catch(() => {});
    await client.rest().catch(() => "");
    await eventually(
      () => shunt.metric("shunt_connections_refused_total", 'reason="proxy_untrusted_peer"'),
      (count) => count === 1,
    );
    expect(shunt.logged("connection refused")).toMatchObject([{ peer: "127.0.0.1", refused: 1 }]);
    expect(server.connections).toBe(0);
  });
});

group("a pool with the PROXY protocol", () => {
  let v1: ProxiedServer;
  let v2: ProxiedServer;
  let pair: ProxiedServer[];
  let plain: SampleServer;
  let shunt: RunningShunt;

  beforeAll(async () => {
    [v1, v2, plain] = await Promise.all([
      ProxiedServer.start("v1"),
      ProxiedServer.start("v2"),
      SampleServer.start("plain"),
    ]);
    pair = await Promise.all([ProxiedServer.start("p1"), ProxiedServer.start("p2")]);
    shunt = await startShunt({
      pools: {
        pair: { ...poolOf(...pair), proxyProtocol: "v2" },
        v1: { ...poolOf(v1), proxyProtocol: "v1" },
        v2: { ...poolOf(v2), proxyProtocol: "v2" },
        plain: poolOf(plain),
      },
      classes: {
        pair: { pool: "pair" },
        v1: { pool: "v1" },
        v2: { pool: "v2" },
        plain: { pool: "plain" },
      },
      rules: [
        { name: "pair", when: { path: { prefix: "/pair/" } }, class: "pair" },
        { name: "v1", when: { path: { prefix: "/v1/" } }, class: "v1" },
        { name: "v2", when: { path: { prefix: "/v2/" } }, class: "v2" },
      ],
      defaultClass: "plain",
    });
  });

  afterAll(async () => {
    await shunt[Symbol.asyncDispose]();
    await v1[Symbol.asyncDispose]();
    await v2[Symbol.asyncDispose]();
    for (const server of pair) await server[Symbol.asyncDispose]();
    await plain[Symbol.asyncDispose]();
  });

  /** What the header of a connection of this client has to say. */
  function ends({ socket }: RawClient): string {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    return `${localAddress} ${localPort} > ${remoteAddress} ${remotePort}`;
  }

  const serverOf = (version: string): ProxiedServer => (version === "v1" ? v1 : v2);

  test.each(["v1", "v2"])(
    "begins a connection with a header of %s, and the request in the same write",
    async (version) => {
      using client = await RawClient.connect(shunt.url, "127.0.0.5");
      const { text } = await client.ask(`/${version}/one`);
      expect(text).toBe(ends(client));
      expect(serverOf(version).connections.at(-1)).toMatchObject({ atOnce: true });
    },
  );

  test.each(["v1", "v2"])(
    "uses the connection of %s again for the same client, and for no other",
    async (version) => {
      const { connections } = serverOf(version);
      const before = connections.length;
      using one = await shunt.connect();
      using other = await shunt.connect();
      for (let i = 0; i < 3; i++) {
        expect((await one.ask(`/${version}/one`)).text).toBe(ends(one));
        expect((await other.ask(`/${version}/other`)).text).toBe(ends(other));
      }
      const seen = connections.slice(before).map(({ requests }) => requests.length);
      expect(seen).toEqual([3, 3]);
    },
  );

  test("serves a client through several connections at once, all of which name it and end with it", async () => {
    const before = v1.connections.length;
    const client = await shunt.connect();
    const mine = ends(client);
    for (let round = 0; round < 2; round++) {
      await client.send(get("/v1/a") + get("/v1/b") + get("/plain") + get("/v1/c"));
      const texts = (await client.responses(4)).map(({ text }) => text);
      expect(texts).toEqual([mine, mine, "plain GET /plain", mine]);
    }
    const used = v1.connections.slice(before);
    expect(used).toHaveLength(3);
    expect(v1.open.size).toBeGreaterThanOrEqual(3);
    client[Symbol.dispose]();
    await eventually(
      () => used.every(({ socket }) => socket.destroyed),
      (closed) => closed,
    );
  });

  test("leaves connections of other pools to whoever comes", async () => {
    const before = plain.connections;
    for (let i = 0; i < 3; i++) {
      using client = await shunt.connect();
      await client.ask("/v1/x");
      await client.ask("/plain");
    }
    expect(plain.connections - before).toBeLessThanOrEqual(1);
  });

  test("introduces the client to each server that is tried", async () => {
    const tried: string[] = [];
    const fail: ProxiedServer["reply"] = ({ origin, socket }) => {
      tried.push(origin);
      if (tried.length > 1) return undefined;
      socket.destroy();
      return "";
    };
    for (const server of pair) server.reply = fail;
    using client = await shunt.connect();
    const { status, text } = await client.ask("/pair/again");
    expect([status, text]).toEqual([200, ends(client)]);
    expect(tried).toEqual([ends(client), ends(client)]);
  });

  test("introduces the client again when the server has closed the connection that was kept for it", async () => {
    using client = await shunt.connect();
    await client.ask("/v1/one");
    v1.connections.at(-1)?.socket.destroy();
    expect((await client.ask("/v1/two")).text).toBe(ends(client));
    expect(v1.connections.at(-1)?.requests).toEqual(["GET /v1/two HTTP/1.1"]);
  });

  test("sends what a long request has more of behind its head, once", async () => {
    using client = await shunt.connect();
    const filler = `X-Long: ${"x".repeat(20_000)}`;
    expect((await client.ask("/v1/long", filler)).text).toBe(ends(client));
    expect(v1.connections.at(-1)?.requests).toEqual(["GET /v1/long HTTP/1.1"]);
  });

  test("is understood by HAProxy (accept-proxy), in both versions", async (context) => {
    needs(context, "haproxy", "haproxy");
    await using haproxy = await Haproxy.start(`frontend judge
  mode http
  bind 127.0.0.1:<port> accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] > %[dst] %[dst_port]"`);
    for (const proxyProtocol of ["v1", "v2"] as const) {
      const pool = { ...poolOf({ name: "h", url: haproxy.url }), proxyProtocol };
      await using before = await startShunt({ ...onePool(), pools: { all: pool } });
      using client = await RawClient.connect(before.url, "127.0.0.9");
      for (let i = 0; i < 2; i++) expect((await client.ask("/")).text).toBe(ends(client));
    }
  });
});

group("the PROXY protocol from clients and to servers", () => {
  test("hands on both ends as they came, in the other version, and families that differ as one that holds both", async () => {
    await using server = await ProxiedServer.start("s1");
    await using shunt = await startShunt({
      listeners: { web: WEB },
      ...onePool(),
      pools: { all: { ...poolOf(server), proxyProtocol: "v2" } },
      trust: { peers: ["127.0.0.1"] },
    });
    for (const [header, expected] of [
      [V1, "192.0.2.1 56324 > 198.51.100.2 8443"],
      ["PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", "2001:db8::1 1 > 2001:db8::2 2"],
      ["PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n", "192.0.2.1 1 > 2001:db8::2 2"],
    ] as const) {
      using client = await shunt.connect();
      await client.send(header);
      expect((await client.ask("/")).text).toBe(expected);
    }
  });
});

group("limits.idlePerServer of a pool with the PROXY protocol", () => {
  test("bounds what all clients keep to a server together: further connections close behind their answer", async () => {
    await using server = await ProxiedServer.start("s");
    await using shunt = await startShunt({
      ...onePool(server),
      pools: { all: { ...poolOf(server), proxyProtocol: "v1" } },
      limits: { idlePerServer: 2 },
    });
    const clients = await Promise.all(Array.from({ length: 5 }, () => shunt.connect()));
    const ask = async (client: RawClient): Promise<number> => (await client.ask("/")).status;
    for (const client of clients) expect(await ask(client)).toBe(200);
    await eventually(
      () => server.open.size,
      (open) => open === 2,
    );
    for (const client of clients) expect(await ask(client)).toBe(200);
    expect(server.connections.map(({ requests }) => requests.length)).toEqual([2, 2, 1, 1, 1, 1, 1, 1]);
    clients[0]?.socket.destroy();
    await eventually(
      () => server.open.size,
      (open) => open === 1,
    );
    const [, , next] = clients as [RawClient, RawClient, RawClient];
    expect([await ask(next), await ask(next)]).toEqual([200, 200]);
    expect(server.connections.at(-1)?.requests).toHaveLength(2);
    for (const client of clients) client[Symbol.dispose]();
  });
});

group("limits.connectionsPerClient", () => {
  const MOST = 4;
  let server: SampleServer;
  let shunt: RunningShunt;

  beforeAll(async () => {
    server = await SampleServer.start("s1");
    shunt = await startShunt({
      ...onePool(server),
      listeners: { web: WEB },
      trust: { peers: ["127.0.0.1"] },
      limits: { connectionsPerClient: MOST },
    });
  });

  afterAll(async () => {
    await shunt[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function connectAs(address: string): Promise<RawClient> {
    const client = await shunt.connect();
    await client.send(`PROXY TCP${address.includes(":") ? "6 " : "4 "}${address} ${address} 1 2\r\n`);
    return client;
  }

  /** Connections of the address that are served beside those that are open. */
  async function served(address: string, tries: number): Promise<number> {
    const clients = await Promise.all(Array.from({ length: tries }, () => connectAs(address)));
    const answers = await Promise.all(
      clients.map(async (client) => {
        await client.send(get("/")).catch(() => {});
        return await client.response().then(
          () => 1,
          () => 0,
        );
      }),
    );
    for (const client of clients) client.socket.destroy();
    return answers.reduce((sum: number, each) => sum + each, 0);
  }

  const settled = (): Promise<unknown> =>
    eventually(
      () => shunt.acceptor(),
      ({ connections }) => connections === 0,
    );

  test("serves so many connections of a client, and closes the next with a FIN", async () => {
    const clients: RawClient[] = [];
    for (let i = 0; i < MOST; i++) {
      const client = await connectAs("192.0.2.1");
      expect((await client.ask("/")).status).toBe(200);
      clients.push(client);
    }
    const refused = await connectAs("192.0.2.1");
    await refused.send(get("/"));
    expect(await refused.rest()).toBe("");
    expect(await served("192.0.2.2", 1)).toBe(1);
    const reason = 'reason="connections_per_client"';
    await eventually(
      () => shunt.metric("shunt_connections_refused_total", reason),
      (count) => count === 1,
    );
    for (const client of [...clients, refused]) client[Symbol.dispose]();
    await settled();
  });

  test("counts IPv6 clients by their network of 64 bits", async () => {
    const one = await connectAs("2001:db8:0:1::1");
    expect((await one.ask("/")).status).toBe(200);
    expect(await served("2001:db8:0:1:ffff::9", MOST)).toBe(MOST - 1);
    expect(await served("2001:db8:0:2::9", MOST)).toBe(MOST);
    one[Symbol.dispose]();
    await settled();
  });

  test("forgets connections however they end: after 300 random ends there is room for as many as ever", async () => {
    const seeds = new SeedSequence(11);
    const part = head("POST / HTTP/1.1", "Host: a", "Content-Length: 9");
    const ends: readonly ((client: RawClient) => unknown)[] = [
      ({ socket }) => socket.destroy(),
      ({ socket }) => socket.resetAndDestroy(),
      ({ socket }) => socket.end(),
      (client) => client.send(get("/", "Connection: close")),
      (client) => client.send("nonsense\r\n\r\n"),
      (client) => client.send(get("/").repeat(5)).then(() => client.socket.destroy()),
      (client) => client.send(part).then(() => client.socket.resetAndDestroy()),
      (client) => client.send(get("/").slice(0, 9)).then(() => client.socket.end()),
    ];
    for (let i = 0; i < 30; i++) {
      const clients = await Promise.all(Array.from({ length: 10 }, () => connectAs("192.0.2.7")));
      for (const client of clients) {
        await Promise.resolve(ends[seeds.next() % ends.length]?.(client)).catch(() => {});
        client.socket.end();
      }
      await Promise.all(clients.map((client) => client.rest().catch(() => "")));
      for (const client of clients) client.socket.destroy();
    }
    await settled();
    expect(await served("192.0.2.7", MOST)).toBe(MOST);
  });
});
