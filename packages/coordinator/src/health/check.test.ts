import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { ActiveHealth, HttpCheck } from "@shunt/core";
import { afterEach, expect, test } from "vitest";
import { type CheckedServer, check } from "./check.ts";

let servers: Server[] = [];
let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  sockets = [];
  servers = [];
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const http = (answer: RequestListener): Promise<number> => listening(createHttpServer(answer));
/** A server that says this, whatever it is asked. */
const raw = (octets: string): Promise<number> =>
  listening(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write(octets));
    }),
  );

const GET: HttpCheck = {
  kind: "http",
  method: "GET",
  path: "/healthz?deep=1",
  host: undefined,
  status: [[200, 399]],
  body: undefined,
};

function serverAt(
  port: number,
  changes: Partial<ActiveHealth> = {},
  asked: Partial<HttpCheck> = {},
): CheckedServer {
  const active = {
    check: { ...GET, ...asked },
    port: 0,
    intervalMs: 1_000,
    jitterPercent: 0,
    timeoutMs: 5_000,
    rise: 1,
    fall: 1,
    ...changes,
  };
  return { host: "127.0.0.1", port, authority: `127.0.0.1:${port}`, proxyProtocol: "off", active };
}

const closedPort = async (): Promise<number> => {
  const port = await listening(createServer());
  const [server] = servers.splice(-1);
  server?.close();
  await once(server as Server, "close");
  return port;
};

test("check() asks for the path of the host, over a connection that is closed behind the answer", async () => {
  const asked: unknown[] = [];
  const port = await http(({ method, url, headers }, response) => {
    asked.push([method, url, headers.host, headers.connection, headers["user-agent"]]);
    response.end("fine");
  });
  expect(await check(serverAt(port))).toEqual({ passed: true, found: "status 200" });
  await check(serverAt(port, {}, { host: "app.example", method: "HEAD" }));
  expect(asked).toEqual([
    ["GET", "/healthz?deep=1", `127.0.0.1:${port}`, "close", "shunt-check"],
    ["HEAD", "/healthz?deep=1", "app.example", "close", "shunt-check"],
  ]);
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
  expect(sockets).toHaveLength(2);
});

test.each([
  [204, [[200, 399]], true],
  [503, [[200, 399]], false],
  [
    404,
    [
      [200, 200],
      [404, 404],
    ],
    true,
  ],
  [
    401,
    [
      [200, 200],
      [404, 404],
    ],
    false,
  ],
] as const)("check() of a server that answers %d where %j passes: %s", async (status, ranges, passed) => {
  const port = await http((_, response) => response.writeHead(status).end());
  expect(await check(serverAt(port, {}, { status: ranges }))).toEqual({ passed, found: `status ${status}` });
});

test("check() follows no redirect", async () => {
  const asked: string[] = [];
  const port = await http(({ url = "" }, response) => {
    asked.push(url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await check(serverAt(port))).toEqual({ passed: true, found: "status 302" });
  expect(asked).toEqual(["/healthz?deep=1"]);
});

test("check() finds a text that comes in parts, and misses one that is not there", async () => {
  const port = await http((_, response) => {
    response.write("all is w");
    setImmediate(() => response.end("ell"));
  });
  expect((await check(serverAt(port, {}, { body: "is well" }))).passed).toBe(true);
  expect(await check(serverAt(port, {}, { body: "is bad" }))).toEqual({
    passed: false,
    found: "status 200, without the text that its content is to have",
  });
});

test("check() looks at the first 64 KiB of the content and no further, however much comes", async () => {
  const port = await http((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    };
    response.on("drain", more);
    more();
  });
  expect((await check(serverAt(port, {}, { body: "well" }))).passed).toBe(false);
});

test("check() does not wait for content that it does not need", async () => {
  const port = await http((_, response) => response.writeHead(200, { "content-length": "9" }).flushHeaders());
  expect(await check(serverAt(port))).toEqual({ passed: true, found: "status 200" });
});

test.each([
  ["nothing", ""],
  ["half a head", "HTTP/1.1 200 OK\r\nA: "],
])("check() ends in time when %s comes", async (_, octets) => {
  const port = await raw(octets);
  const result = await check(serverAt(port, { timeoutMs: 50 }));
  expect(result).toEqual({ passed: false, found: "no answer within 50 ms" });
});

test("check() ends in time when the content that it looks at does not come", async () => {
  const port = await raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall");
  const result = await check(serverAt(port, { timeoutMs: 50 }, { body: "is well" }));
  expect(result).toEqual({ passed: false, found: "no answer within 50 ms" });
});

test("check() says in words of its own what is wrong, and quotes nothing that the server sent", async () => {
  expect(await check(serverAt(await closedPort()))).toEqual({ passed: false, found: "connection refused" });
  const garbage = await raw("<script>secret</script>\r\n\r\n");
  expect(await check(serverAt(garbage))).toEqual({ passed: false, found: "its answer is not HTTP" });
  const closing = await listening(createServer((socket) => socket.end()));
  const { passed, found } = await check(serverAt(closing));
  expect([passed, found]).toEqual([false, "it closed the connection without an answer"]);
});

test("check() refuses a head that is too large", async () => {
  const port = await raw(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(20_000)}\r\n\r\n`);
  expect(await check(serverAt(port))).toEqual({
    passed: false,
    found: "the head of its answer is too large",
  });
});

test("check() over TCP passes when the connection is accepted, whatever is said on it", async () => {
  const tcp = { check: { kind: "tcp" } } as const;
  const port = await listening(createServer());
  expect(await check(serverAt(port, tcp))).toEqual({ passed: true, found: "connection accepted" });
  expect(await check(serverAt(await closedPort(), tcp))).toEqual({
    passed: false,
    found: "connection refused",
  });
});

test("check() goes to the port that it is told", async () => {
  const port = await http((_, response) => response.end());
  expect((await check(serverAt(await closedPort(), { port }))).passed).toBe(true);
});

test("check() begins as connections to the server do, and not so at another port", async () => {
  const heard: string[] = [];
  const port = await listening(
    createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (octets) => {
        heard.push(octets.toString("latin1").split("\r\n")[0] ?? "");
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    }),
  );
  const server = { ...serverAt(port), proxyProtocol: "v1" as const };
  expect((await check(server)).passed).toBe(true);
  expect((await check({ ...server, active: { ...server.active, port } })).passed).toBe(true);
  expect(heard[0]).toMatch(new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${port}$`));
  expect(heard[1]).toBe("GET /healthz?deep=1 HTTP/1.1");
});
