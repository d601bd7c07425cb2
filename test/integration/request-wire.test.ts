import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { get, head, type RawClient } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { poolOf, type RunningShunt, startShunt } from "../support/shunt.ts";

/** What a server gets of a request, octet by octet; see docs/wire.md. */

const HOST = "Host: shunt.test";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

let server: RawServer;
let vip: RawServer;
let shunt: RunningShunt;
let lenient: RunningShunt;

beforeAll(async () => {
  server = await RawServer.start("general", OK);
  vip = await RawServer.start("vip", OK);
  const options = {
    pools: { all: poolOf(server), vip: poolOf(vip) },
    classes: { all: { pool: "all" }, vip: { pool: "vip" } },
    rules: [{ name: "vip", when: { path: { prefix: "/vip/" } }, class: "vip" }],
    defaultClass: "all",
    trust: { fields: ["X-Priority"] },
  };
  shunt = await startShunt(options);
  lenient = await startShunt({
    ...options,
    trust: { peers: ["127.0.0.1"], fields: ["X-Priority"] },
    leniency: { ambiguousPaths: true, hostDiffers: true, repeatedContentLength: true, targetOctets: true },
  });
});

afterEach(() => shunt.quiet());

afterAll(async () => {
  await Promise.all([shunt, lenient].map((each) => each[Symbol.asyncDispose]()));
  await Promise.all([server, vip].map((each) => each[Symbol.asyncDispose]()));
});

/** The status that a request gets, and the head that a server got of it. */
async function asked(product: RunningShunt, octets: string): Promise<{ status: number; sent: string }> {
  const heads = server.heads.length;
  using client: RawClient = await product.connect();
  await client.send(octets);
  const { status } = await client.response();
  return { status, sent: server.heads.slice(heads).join("") };
}

const firstLine = (sent: string): string => sent.slice(0, Math.max(0, sent.indexOf("\r\n")));

test.each(["BREW", "get", "M-SEARCH", "x".repeat(200)])("a method is any token: %s", async (method) => {
  const { status, sent } = await asked(shunt, head(`${method} /pot HTTP/1.1`, HOST));
  expect([status, firstLine(sent)]).toEqual([200, `${method} /pot HTTP/1.1`]);
});

describe("a path that others read otherwise", () => {
  test.each([
    "/public/%2e./vip/x",
    "/public/..%2fvip/x",
    "//vip/x",
    "/public/%252e%252e/vip/x",
    "/VIP/..%5c../vip/",
  ])("is refused where that reading has another class: %s", async (target) => {
    const before = vip.heads.length;
    expect(await asked(shunt, get(target))).toEqual({ status: 400, sent: "" });
    expect(vip.heads).toHaveLength(before);
    const { status } = await asked(lenient, get(target));
    expect(status).toBe(200);
  });

  test.each(["/a%2fb", "/a//b", "/a/../b", "/a/%2e%2E/b", "/100%25", "/a%5cb", "/.well-known/x?y=/../vip/"])(
    "is sent as it came where it has not: %s",
    async (target) => {
      const { status, sent } = await asked(shunt, get(target));
      expect([status, firstLine(sent)]).toEqual([200, `GET ${target} HTTP/1.1`]);
    },
  );
});

test("hostDiffers lets the target name the host, and replaces Host", async () => {
  const octets = head("GET http://other.test:81/x HTTP/1.1", HOST);
  expect((await asked(shunt, octets)).status).toBe(400);
  const { sent } = await asked(lenient, octets);
  expect(sent.match(/^host: .*$/gim)).toEqual(["Host: other.test:81"]);
  expect(sent).toMatch(/^X-Forwarded-Host: other\.test:81\r$/m);
  expect(firstLine(sent)).toBe("GET /x HTTP/1.1");
});

test("repeatedContentLength sends one of several that say the same", async () => {
  const octets = `${head("POST /x HTTP/1.1", HOST, "Content-Length: 2, 2", "Content-Length: 2")}hi`;
  expect((await asked(shunt, octets)).status).toBe(400);
  const { status, sent } = await asked(lenient, octets);
  expect(status).toBe(200);
  expect(sent.match(/^content-length.*$/gim)).toEqual(["Content-Length: 2"]);
});

describe("fields about the client", () => {
  const FORGED = [
    "X-Forwarded-Port: 443",
    "X-Forwarded-Prefix: /admin",
    "X-Real-IP: 6.6.6.6",
    "X-Priority: gold",
    "X_Forwarded_For: 6.6.6.6",
    "X_Priority: gold",
    "X-Other: 1",
  ];

  test("are removed from what a stranger says, all of the family, and what a server may take for them", async () => {
    const { sent } = await asked(shunt, get("/x", ...FORGED));
    expect(sent).not.toMatch(/6\.6\.6\.6|gold|X-Forwarded-P(?!roto)/i);
    expect(sent).toContain("X-Other: 1\r\n");
  });

  test("are kept from a trusted peer, but for what only resembles them, whatever Connection says", async () => {
    const { sent } = await asked(
      lenient,
      get("/x", ...FORGED, "Connection: X-Real-IP, X-Forwarded-Port, X-Priority, X-Forwarded-For, X-Other"),
    );
    const said = [
      "X-Forwarded-Port: 443",
      "X-Forwarded-Prefix: /admin",
      "X-Real-IP: 6.6.6.6",
      "X-Priority: gold",
    ];
    for (const line of said) expect(sent).toContain(`${line}\r\n`);
    expect(sent).toMatch(/^X-Forwarded-For: 127\.0\.0\.1\r$/m);
    expect(sent).not.toMatch(/^[^:\r\n]*_|X-Other/m);
  });
});

describe("Max-Forwards", () => {
  test("is one less at the server", async () => {
    const { sent } = await asked(shunt, head("OPTIONS * HTTP/1.1", HOST, "Max-Forwards: 10"));
    expect(sent.match(/^max-forwards.*$/gim)).toEqual(["Max-Forwards: 9"]);
  });

  test("of 0 has OPTIONS answered here, and the connection goes on", async () => {
    const heads = server.heads.length;
    using client = await shunt.connect();
    await client.send(head("OPTIONS /x HTTP/1.1", HOST, "Max-Forwards: 0"));
    const response = await client.response();
    expect([response.status, response.text]).toEqual([200, ""]);
    expect(field(response, "allow")).toContain("GET, HEAD");
    expect(server.heads).toHaveLength(heads);
    expect((await client.ask("/y")).status).toBe(200);
  });

  test("of 0 has TRACE reflected, without what is nobody else's business", async () => {
    using client = await shunt.connect();
    await client.send(
      head(
        "TRACE /x HTTP/1.1",
        HOST,
        "Max-Forwards: 0",
        "Cookie: a=b",
        "authorization: Basic eDp5",
        "X-A: 1",
      ),
    );
    const response = await client.response();
    expect(field(response, "content-type")).toBe("message/http");
    expect(response.text).toBe(head("TRACE /x HTTP/1.1", HOST, "Max-Forwards: 0", "X-A: 1"));
  });

  test("of 0 with content has that answered, and the connection closed behind it", async () => {
    using client = await shunt.connect();
    await client.send(
      `${head("OPTIONS /x HTTP/1.1", HOST, "Max-Forwards: 0", "Content-Length: 9")}${get("/z")}`,
    );
    const response = await client.response();
    expect([response.status, field(response, "connection")]).toEqual([200, "close"]);
    expect(await client.closes()).toBe(true);
  });
});
