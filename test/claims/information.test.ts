import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ShuntOptions } from "../../packages/core/src/config/options.ts";
import { get, post } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** The claims about the information that a request carries, at layer 7 and above. */

let gold: SampleServer;
let general: SampleServer;

beforeAll(async () => {
  [gold, general] = await Promise.all([SampleServer.start("g1"), SampleServer.start("s1")]);
});

afterAll(async () => {
  await gold[Symbol.asyncDispose]();
  await general[Symbol.asyncDispose]();
});

/** A product whose gold pool serves what one condition matches. */
function serving(when: object, more: Partial<ShuntOptions> = {}): Promise<RunningShunt> {
  const rules = [{ name: "the condition", when, class: "gold" }];
  return startShunt({ ...goldAndGeneral([gold], [general]), rules, ...more });
}

/** Which server answers. */
async function served(shunt: RunningShunt, ...fields: string[]): Promise<string> {
  using client = await shunt.connect();
  return (await client.ask("/x", ...fields)).text.slice(0, 2);
}

const SECRET = "a secret of thirty-two octets or more";

/** A signed JSON Web Token (RFC 7519). */
function token(claims: object, secret = SECRET, algorithm = "HS256"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: algorithm, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

test("C4, C5: an individual user is identified by what the application carries inside: a verified claim of a token", async () => {
  await using shunt = await serving(
    { user: { in: ["ann", "bob"] } },
    { identity: { jwt: { key: { secret: SECRET }, algorithms: ["HS256"] } } },
  );
  const bearer = (text: string) => served(shunt, `Authorization: Bearer ${text}`);
  expect(await bearer(token({ sub: "ann" }))).toBe("g1");
  expect(await bearer(token({ sub: "bob" }))).toBe("g1");
  expect(await bearer(token({ sub: "eve" }))).toBe("s1");
  expect(await served(shunt)).toBe("s1");
  // Forged, expired and unsigned tokens name nobody.
  expect(await bearer(token({ sub: "ann" }, "another secret of thirty-two octets"))).toBe("s1");
  expect(await bearer(token({ sub: "ann", exp: 1_000_000_000 }))).toBe("s1");
  const [header, claims] = token({ sub: "ann" }, SECRET, "none").split(".");
  expect(await bearer(`${header}.${claims}.`)).toBe("s1");
});

test("C5: an individual user is identified by Basic credentials", async () => {
  await using shunt = await serving({ user: "ann" }, { identity: { basic: true } });
  const basic = (text: string) =>
    served(shunt, `Authorization: Basic ${Buffer.from(text).toString("base64")}`);
  expect([await basic("ann:pass"), await basic("bob:pass"), await served(shunt)]).toEqual(["g1", "s1", "s1"]);
});

test("C5: the type of the request decides", async () => {
  await using shunt = await serving({ method: { in: ["POST", "PUT"] } });
  using client = await shunt.connect();
  await client.send([post("/a", "x"), get("/b"), post("/c", "x").replace("POST", "PUT"), get("/d")].join(""));
  const texts = (await client.responses(4)).map(({ text }) => text.slice(0, 2));
  expect(texts).toEqual(["g1", "s1", "g1", "s1"]);
});

test("C5: the identification of the client decides: its address", async () => {
  await using shunt = await serving({ client: "127.0.0.8/29" });
  const from = async (localAddress: string): Promise<string> => {
    const { hostname: host, port } = new URL(shunt.url);
    const socket = connect({ host, port: Number(port), localAddress });
    socket.end(get("/x", "Connection: close"));
    let text = "";
    for await (const chunk of socket) text += chunk;
    return /(g1|s1) GET/.exec(text)?.[1] ?? text;
  };
  expect(await from("127.0.0.9")).toBe("g1");
  expect(await from("127.0.0.16")).toBe("s1");
  expect(await from("127.0.0.1")).toBe("s1");
  // A stranger does not become another client by saying so.
  expect(await served(shunt, "X-Forwarded-For: 127.0.0.9")).toBe("s1");
});

test("C5: a cookie decides, among others, by its value and by its presence", async () => {
  await using byValue = await serving({ cookie: { tier: "gold" } });
  expect(await served(byValue, "Cookie: a=b; tier=gold; c=d")).toBe("g1");
  for (const cookie of ["tier=golden", "nottier=gold", "a=tier=gold", "Tier=gold"]) {
    expect(await served(byValue, `Cookie: ${cookie}`)).toBe("s1");
  }
  await using byPresence = await serving({ cookie: { session: true } });
  expect(await served(byPresence, "Cookie: session=anything")).toBe("g1");
  expect(await served(byPresence, "Cookie: other=1")).toBe("s1");
});

test("C4, C5: host, path, query and header fields decide too, and several together", async () => {
  await using shunt = await serving({
    all: [
      { path: { prefix: "/x" } },
      { any: [{ query: { vip: true } }, { header: { "x-vip": { regex: "^y" } } }] },
    ],
    not: { host: { suffix: ".internal" } },
  });
  using client = await shunt.connect();
  const asked: readonly (readonly [target: string, fields: string[]])[] = [
    ["/x?vip", []],
    ["/x", ["X-Vip: yes"]],
    ["/x", ["X-Vip: no"]],
    ["/y?vip", []],
  ];
  const texts: string[] = [];
  for (const [target, fields] of asked) texts.push((await client.ask(target, ...fields)).text.slice(0, 2));
  await client.send(get("/x?vip").replace("Host: shunt.test", "Host: db.internal"));
  texts.push((await client.response()).text.slice(0, 2));
  expect(texts).toEqual(["g1", "g1", "s1", "s1", "s1"]);
});

test("C4: a field of the body decides, above layer 7: in JSON, in a form, by its value and by its existence", async () => {
  await using shunt = await serving({
    any: [{ body: { "/order/priority": { in: ["high", "1"] } } }, { body: { express: true } }],
  });
  using client = await shunt.connect();
  const json = (content: string) => post("/x", content, "Content-Type: application/json");
  const form = (content: string) => post("/x", content, "Content-Type: application/x-www-form-urlencoded");
  const asked: readonly (readonly [octets: string, server: string])[] = [
    [json('{"order":{"priority":"high"}}'), "g1"],
    [json('{"order":{"priority":1}}'), "g1"],
    [json('{"order":{"priority":"low"}}'), "s1"],
    [json('{"priority":"high"}'), "s1"],
    [form("item=7&express=no"), "g1"],
    [form("item=7"), "s1"],
    [get("/x"), "s1"],
  ];
  await client.send(asked.map(([octets]) => octets).join(""));
  const texts = (await client.responses(asked.length)).map(({ text }) => text.slice(0, 2));
  expect(texts).toEqual(asked.map(([, server]) => server));
});

test("C9, C20 with C4: where a field of the body is missing, that decides too, but not where it cannot be known", async () => {
  await using shunt = await serving({ method: "POST", body: { "/bulk": false } });
  const served = async (octets: string): Promise<string> => {
    using client = await shunt.connect();
    await client.send(octets);
    return (await client.response()).text.slice(0, 2);
  };
  const type = "Content-Type: application/json";
  expect(await served(post("/x", '{"item":7}', type))).toBe("g1");
  expect(await served(post("/x", '{"bulk":true}', type))).toBe("s1");
  expect(await served(post("/x", JSON.stringify({ item: "x".repeat(20_000) }), type))).toBe("s1");
  expect(await served(post("/x", "item=7", "Content-Type: text/plain"))).toBe("s1");
});
