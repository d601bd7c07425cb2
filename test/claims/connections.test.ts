import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Gate } from "../support/gate.ts";
import { get, head, post } from "../support/raw-client.ts";
import { echo, type Handler, SampleServer } from "../support/sample-server.ts";
import { goldAndGeneral, type RunningShunt, startShunt } from "../support/shunt.ts";

/** The claims about connections: a first one with many requests, second ones to the servers, and who waits for what. */

let gold: SampleServer;
let general: SampleServer;
let shunt: RunningShunt;
/** What the servers do in the test at hand. */
let handler: Handler = echo;

beforeAll(async () => {
  [gold, general] = await Promise.all([
    SampleServer.start("g1", (...all) => handler(...all)),
    SampleServer.start("s1", (...all) => handler(...all)),
  ]);
  shunt = await startShunt(goldAndGeneral([gold], [general]));
});

afterEach(async () => {
  handler = echo;
  await shunt.quiet();
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await gold[Symbol.asyncDispose]();
  await general[Symbol.asyncDispose]();
});

const GOLD = "Cookie: tier=gold";

test("C1: each request of one first connection goes over a second connection that belongs to its own destination", async () => {
  using client = await shunt.connect();
  const texts: string[] = [];
  for (const fields of [[GOLD], [], [GOLD], []]) texts.push((await client.ask("/one", ...fields)).text);
  await client.send(get("/two", GOLD) + get("/two") + get("/two", GOLD));
  for (const { text } of await client.responses(3)) texts.push(text);
  expect(texts.map((text) => text.slice(0, 2))).toEqual(["g1", "s1", "g1", "s1", "g1", "s1", "g1"]);
  await eventually(
    () => shunt.acceptor(),
    ({ connections }) => connections === 1,
  );
});

test("C2: the first connection is HTTP/1.1, persistent, and no other version is spoken on it", async () => {
  using client = await shunt.connect();
  for (let i = 0; i < 20; i++) expect((await client.ask(`/${i}`)).version).toBe("HTTP/1.1");
  await client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  expect((await client.response()).status).toBe(505);
});

test("C3: the start and the end of each request are found, wherever the octets are cut", async () => {
  // What stands in the content looks like a request, and must not be taken for one.
  const octets = get("/a") + post("/b", get("/not-a-request", GOLD)) + get("/c", GOLD);
  const before = gold.received.length;
  for (let cut = 1; cut < octets.length; cut++) {
    using client = await shunt.connect();
    await client.send(octets.slice(0, cut));
    await client.send(octets.slice(cut));
    const texts = (await client.responses(3)).map(({ text }) => text);
    expect(texts).toEqual(["s1 GET /a", `s1 POST /b ${get("/not-a-request", GOLD)}`, "g1 GET /c"]);
  }
  expect(new Set(gold.targets.slice(before))).toEqual(new Set(["/c"]));
});

test("C3: the information of a request is its own, and not that of its neighbours", async () => {
  using client = await shunt.connect();
  await client.send(post("/a", GOLD) + get("/b") + get("/c", GOLD) + get("/d"));
  const texts = (await client.responses(4)).map(({ text }) => text);
  expect(texts).toEqual([`s1 POST /a ${GOLD}`, "s1 GET /b", "g1 GET /c", "s1 GET /d"]);
});

test("C6: what is not an HTTP request reaches no server", async () => {
  const before = gold.connections + general.connections;
  for (const octets of [
    "\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n",
    "EHLO shunt.test\r\n\r\n",
    "SSH-2.0-x\r\n\r\n",
  ]) {
    using client = await shunt.connect();
    await client.send(octets);
    expect((await client.response()).status).toBeGreaterThanOrEqual(400);
    expect(await client.closes()).toBe(true);
  }
  expect(gold.connections + general.connections).toBe(before);
});

test("C10, C24: a second connection is established when there is none to the server, and used again when there is", async () => {
  await using server = await SampleServer.start("fresh");
  await using product = await startShunt(goldAndGeneral([server], [general]));
  using client = await product.connect();
  expect(server.connections).toBe(0);
  for (let i = 0; i < 5; i++) await client.ask(`/${i}`, GOLD);
  using another = await product.connect();
  await another.ask("/5", GOLD);
  expect(server.connections).toBe(1);
  expect(server.received.map(({ connection }) => connection)).toEqual([1, 1, 1, 1, 1, 1]);
});

test("C10, C24: a second connection that is in use is not waited for; another is established, and both are kept", async () => {
  let gate = new Gate(3);
  await using server = await SampleServer.start("busy", async (_, response) => {
    await gate.pass();
    response.end();
  });
  await using product = await startShunt(goldAndGeneral([server], [general]));
  using client = await product.connect();
  for (let round = 0; round < 3; round++) {
    gate = new Gate(3);
    await client.send(get("/x", GOLD).repeat(3));
    await client.responses(3);
  }
  expect(server.connections).toBe(3);
});

test("C12, C26: requests and their responses are tracked: each response reaches the client and the place of its request", async () => {
  const all = new Gate(16);
  handler = async (request, response, server) => {
    await all.pass();
    await echo(request, response, server);
  };
  const clients = await Promise.all(Array.from({ length: 4 }, () => shunt.connect()));
  for (const [c, client] of clients.entries()) {
    await client.send([0, 1, 2, 3].map((i) => get(`/${c}-${i}`, ...(i % 2 === 0 ? [GOLD] : []))).join(""));
  }
  for (const [c, client] of clients.entries()) {
    const texts = (await client.responses(4)).map(({ text }) => text);
    expect(texts).toEqual([0, 1, 2, 3].map((i) => `${i % 2 === 0 ? "g1" : "s1"} GET /${c}-${i}`));
    client[Symbol.dispose]();
  }
});

test("C12, C26: what is outstanding is known while it is, and every exchange afterwards, with its response", async () => {
  const released = Promise.withResolvers<void>();
  handler = async (request, response, server) => {
    await released.promise;
    await echo(request, response, server);
  };
  using client = await shunt.connect();
  await client.send(get("/tracked-1", GOLD) + get("/tracked-2") + get("/tracked-3"));
  await eventually(
    () => shunt.loads(),
    (loads) => loads.map(({ outstanding }) => outstanding).join() === "1,2",
  );
  await eventually(
    () => shunt.acceptor(),
    ({ exchanges }) => exchanges === 3,
  );
  released.resolve();
  await client.responses(3);
  await shunt.quiet();
  const { exchanges } = JSON.parse(await shunt.api("/v1/exchanges?limit=3"));
  const seen = exchanges.map(({ target, status, attempts }: Tracked) => [
    target,
    status,
    attempts[0]?.server,
  ]);
  expect(seen.sort()).toEqual([
    ["/tracked-1", 200, "g1"],
    ["/tracked-2", 200, "s1"],
    ["/tracked-3", 200, "s1"],
  ]);
});

interface Tracked {
  readonly target: string;
  readonly status: number;
  readonly attempts: readonly { readonly server: string }[];
}

test("C16, C18: the second request of a connection may go elsewhere than the first", async () => {
  for (const [first, second] of [
    [[GOLD], []],
    [[], [GOLD]],
  ] as const) {
    using client = await shunt.connect();
    const one = (await client.ask("/x", ...first)).text;
    const two = (await client.ask("/x", ...second)).text;
    expect(new Set([one, two])).toEqual(new Set(["g1 GET /x", "s1 GET /x"]));
  }
});

test("C16, C18: what a client was before decides nothing: the cookie of a request is not remembered", async () => {
  using client = await shunt.connect();
  await client.ask("/x", GOLD);
  expect((await client.ask("/x")).text).toBe("s1 GET /x");
  await client.send(head("GET /x HTTP/1.1", "Host: a", "Cookie: tier=silver"));
  expect((await client.response()).text).toBe("s1 GET /x");
});
