import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ShuntOptions } from "../../packages/core/src/config/options.ts";
import { eventually } from "../support/eventually.ts";
import { peakResidentBytes } from "../support/processes.ts";
import { get, head, post, type RawClient } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { SampleServer } from "../support/sample-server.ts";
import { type AccessLine, goldAndGeneral, poolOf, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Requests whose content decides about their class: they wait for it, and nobody else does. */

const JSON_TYPE = "Content-Type: application/json";
const FORM_TYPE = "Content-Type: application/x-www-form-urlencoded";
const CHUNKED = "Transfer-Encoding: chunked";
/** The default of `limits.classifyBodyBytes`. */
const BOUND = 16_384;

/** In this order, so that each shows which one matched. */
const RULES: ShuntOptions["rules"] = [
  { name: "straight", when: { path: { prefix: "/straight" } }, class: "general" },
  { name: "never read", when: { path: "/no", body: { "/order/priority": "high" } }, class: "gold" },
  {
    name: "high",
    when: { method: { in: ["POST", "PUT"] }, body: { "/order/priority": "high" } },
    class: "gold",
  },
  { name: "form", when: { body: { tier: { in: ["gold", "silver"] } } }, class: "gold" },
  { name: "without", when: { path: "/absent", body: { "/order": false } }, class: "gold" },
];

let gold: SampleServer;
let general: SampleServer;
let shunt: RunningShunt;

beforeAll(async () => {
  [gold, general] = await Promise.all([SampleServer.start("g"), SampleServer.start("s")]);
  shunt = await serving({});
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await gold[Symbol.asyncDispose]();
  await general[Symbol.asyncDispose]();
});

function serving(more: Partial<ShuntOptions>, environment: NodeJS.ProcessEnv = {}): Promise<RunningShunt> {
  return startShunt({ ...goldAndGeneral([gold], [general]), rules: RULES, ...more }, environment);
}

/** An order of a priority, with so many octets of other things before it. */
function order(priority: string, padding = 0): string {
  return JSON.stringify({ padding: "x".repeat(padding), order: { priority } });
}

function chunks(...contents: string[]): string {
  return `${contents.map((each) => `${each.length.toString(16)}\r\n${each}\r\n`).join("")}0\r\n\r\n`;
}

/** A POST whose content is chunked already. */
function postChunked(target: string, content: string, ...fields: string[]): string {
  return head(`POST ${target} HTTP/1.1`, "Host: shunt.test", CHUNKED, ...fields) + content;
}

async function answered(octets: string, by = shunt): Promise<string> {
  using client = await by.connect();
  await client.send(octets);
  return (await client.response()).text;
}

/** Lines of the access log of requests with such a target, as soon as there are `count`. */
function logged(target: RegExp, count: number): Promise<AccessLine[]> {
  return eventually(
    async () => (await shunt.accessLog(0)).filter((line) => target.test(String(line.target))),
    ({ length }) => length >= count,
  );
}

/** Which of the two servers answered. */
async function served(octets: string, by = shunt): Promise<string> {
  return (await answered(octets, by)).slice(0, 1);
}

test("a member of a JSON object decides, wherever it is split on its way", async () => {
  const octets = post("/x", order("high"), JSON_TYPE);
  using client = await shunt.connect();
  for (let split = 1; split < octets.length; split++) {
    await client.send(octets.slice(0, split));
    // Both parts in one packet would be no split: each part is its own turn of the acceptor's loop, or is not.
    await new Promise(setImmediate);
    await client.send(octets.slice(split));
    expect((await client.response()).text).toBe(`g POST /x ${order("high")}`);
  }
}, 60_000);

test("what decides may come in chunks, and one octet at a time", async () => {
  const octets = postChunked("/x", chunks('{"order":{"prio', 'rity":"hi', 'gh"}}'), JSON_TYPE);
  using client = await shunt.connect();
  for (const octet of octets) await client.send(octet);
  expect((await client.response()).text).toBe('g POST /x {"order":{"priority":"high"}}');
});

test.each([
  ["another value", post("/x", order("low"), JSON_TYPE), "s"],
  ["no such member", post("/x", "{}", JSON_TYPE), "s"],
  ["an escaped spelling of it", post("/x", '{"\\u006frder":{"priority":"\\u0068igh"}}', JSON_TYPE), "g"],
  ["a type with the suffix of JSON", post("/x", order("high"), "Content-Type: application/vnd.a+json"), "g"],
  [
    "a member that stands twice",
    post("/x", `{"order":{"priority":"high","priority":"high"}}`, JSON_TYPE),
    "s",
  ],
  ["what is not JSON", post("/x", `${order("high")}}`, JSON_TYPE), "s"],
  ["another type", post("/x", order("high"), "Content-Type: text/plain"), "s"],
  ["no type", post("/x", order("high")), "s"],
  ["a coding", post("/x", order("high"), JSON_TYPE, "Content-Encoding: gzip"), "s"],
  ["no content", get("/x", JSON_TYPE), "s"],
  ["a form field", post("/x", "a=b&tier=silver", FORM_TYPE), "g"],
  ["the second of two form fields", post("/x", "tier=tin&tier=g%6Fld", FORM_TYPE), "g"],
  ["a form field of another value", post("/x", "tier=tin", FORM_TYPE), "s"],
  ["absence, in JSON without it", post("/absent", '{"a":1}', JSON_TYPE), "g"],
  ["absence, without content", get("/absent"), "g"],
  ["absence, with chunks of nothing", postChunked("/absent", chunks(), JSON_TYPE), "g"],
  ["absence, in JSON with it", post("/absent", order("low"), JSON_TYPE), "s"],
  ["absence, in another type", post("/absent", "x", "Content-Type: text/plain"), "s"],
  ["absence, in a coding", post("/absent", "{}", JSON_TYPE, "Content-Encoding: br"), "s"],
])("a request with %s goes where the rules say", async (_, octets, server) => {
  expect(await served(octets)).toBe(server);
});

test("content up to the bound decides, and of longer content neither presence nor absence matches", async () => {
  const padding = BOUND - order("high").length;
  const whole = (target: string, content: string) => post(target, content, JSON_TYPE);
  const parted = (target: string, content: string) =>
    postChunked(target, chunks(content.slice(0, 9), content.slice(9)), JSON_TYPE);
  for (const request of [whole, parted]) {
    const long = order("high", padding + 1);
    expect(await served(request("/x", order("high", padding)))).toBe("g");
    expect(await answered(request("/x", long))).toBe(`s POST /x ${long}`);
    expect(await served(request("/absent", JSON.stringify({ x: "y".repeat(BOUND) })))).toBe("s");
  }
});

test("a request that no such rule concerns is sent before its content has come", async () => {
  for (const [target, ...fields] of [
    ["/straight/1", JSON_TYPE],
    ["/x/2", "Content-Type: text/plain"],
  ] as const) {
    const octets = post(target, order("high"), ...fields);
    using client = await shunt.connect();
    await client.send(octets.slice(0, -5));
    await eventually(
      () => general.targets,
      (targets) => targets.includes(target),
    );
    await client.send(octets.slice(-5));
    expect((await client.response()).text).toBe(`s POST ${target} ${order("high")}`);
  }
});

test("a request that waits for its content delays no other client, and none of its connection is lost", async () => {
  using slow = await shunt.connect();
  const octets = post("/slow", order("high"), JSON_TYPE);
  await slow.send(get("/before") + octets.slice(0, -1));
  expect((await slow.response()).text).toBe("s GET /before");
  expect(await served(post("/x", order("high"), JSON_TYPE))).toBe("g");
  expect(gold.targets).not.toContain("/slow");
  await slow.send(octets.slice(-1) + get("/behind") + post("/last", order("low"), JSON_TYPE));
  const texts = (await slow.responses(3)).map(({ text }) => text);
  expect(texts).toEqual([`g POST /slow ${order("high")}`, "s GET /behind", `s POST /last ${order("low")}`]);
});

test("a run of pipelined requests, each of them decided by its content, is answered in order", async () => {
  using client = await shunt.connect();
  const priorities = Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? "high" : "low"));
  const octets = priorities.map((priority, n) =>
    n % 2 === 0
      ? post(`/${n}`, order(priority), JSON_TYPE)
      : postChunked(`/${n}`, chunks(...order(priority)), JSON_TYPE),
  );
  await client.send(octets.join(""));
  const texts = (await client.responses(30)).map(({ text }) => text);
  expect(texts).toEqual(
    priorities.map((priority, n) => `${priority === "high" ? "g" : "s"} POST /${n} ${order(priority)}`),
  );
});

test("what HTTP/1.0 clients send decides too", async () => {
  const octets = post("/x", order("high"), JSON_TYPE).replace("HTTP/1.1", "HTTP/1.0");
  expect(await served(octets)).toBe("g");
});

test.each([
  ["that decides", "/fin", "g"],
  ["that does not", "/straight/fin", "s"],
])(
  "a client that sends FIN behind content %s is answered, also behind another request",
  async (_, target, server) => {
    using client = await shunt.connect();
    await client.send(get("/before") + post(target, order("high"), JSON_TYPE));
    client.end();
    const texts = (await client.responses(2)).map(({ text }) => text);
    expect(texts).toEqual(["s GET /before", `${server} POST ${target} ${order("high")}`]);
    expect(await client.closes()).toBe(true);
  },
);

test("the server gets the octets that the client sent, chunks and trailers included, extensions left out", async () => {
  await using server = await OctetServer.start();
  await using own = await startShunt({ ...goldAndGeneral([server], [general]), rules: RULES });
  const content = `7;a="b c"\r\n{"order\r\n5\r\n":{"p\r\n011\r\nriority":"high"}}\r\n0\r\nX-Trailer: t\r\n\r\n`;
  using client = await own.connect();
  const octets = postChunked("/x", content, JSON_TYPE, "Trailer: X-Trailer");
  for (const octet of octets) await client.send(octet);
  expect((await client.response()).status).toBe(200);
  const received = server.text.slice(server.text.indexOf("\r\n\r\n") + 4);
  expect(received).toBe(content.replace(';a="b c"', ""));
});

/** Keeps what it gets, and answers the first chunked message. */
class OctetServer implements AsyncDisposable {
  readonly name = "octets";
  text = "";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("data", (octets) => {
        this.text += octets.toString("latin1");
        if (/\r\n0\r\n(?:.+\r\n)*\r\n$/.test(this.text))
          socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
  }

  static async start(): Promise<OctetServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new OctetServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}

const EXPECT = "Expect: 100-continue";

/** Sends a head that expects to be told to go on, then its content once that has come. */
async function expecting(client: RawClient, target: string, content: string): Promise<string> {
  const octets = post(target, content, JSON_TYPE, EXPECT);
  await client.send(octets.slice(0, -content.length));
  expect(await client.take(25)).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  await client.send(content);
  const { status, text } = await client.response();
  expect(status).toBe(200);
  return text;
}

test("a client that expects 100 (Continue) is told so by us, once, and the server is not asked to", async () => {
  const eager = await RawServer.start("eager", (socket) =>
    socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
  );
  await using own = await startShunt({ ...goldAndGeneral([eager], [general]), rules: RULES });
  using client = await own.connect();
  expect(await expecting(client, "/eager", order("high"))).toBe("ok");
  expect(await expecting(client, "/x", order("low"))).toBe(`s POST /x ${order("low")}`);
  expect(eager.heads[0]).toContain("Host: shunt.test");
  expect(eager.heads[0]?.toLowerCase()).not.toContain("expect");
  expect(general.received.at(-1)?.headers.expect).toBeUndefined();
  await eager[Symbol.asyncDispose]();
});

test("an expectation is the server's to meet where content does not decide", async () => {
  using client = await shunt.connect();
  const content = order("high");
  await client.send(post("/straight", content, JSON_TYPE, EXPECT).slice(0, -content.length));
  expect(await client.take(32)).toMatch(/^HTTP\/1\.1 100 Continue\r\nVia: /);
  expect(general.received.at(-1)).toMatchObject({ target: "/straight", headers: { expect: "100-continue" } });
});

test("an expectation of a pipelined request is met in its turn", async () => {
  using client = await shunt.connect();
  const content = order("high");
  await client.send(get("/first") + post("/second", content, JSON_TYPE, EXPECT).slice(0, -content.length));
  expect((await client.response()).text).toBe("s GET /first");
  expect(await client.take(25)).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  await client.send(content);
  expect((await client.response()).text).toBe(`g POST /second ${content}`);
});

test("content that was judged goes to another server when the first one fails", async () => {
  const failing = await RawServer.start("failing", (socket) => socket.resetAndDestroy());
  await using own = await startShunt({
    ...goldAndGeneral([], [general]),
    pools: { gold: { ...poolOf(failing, gold), balance: "round-robin" }, general: poolOf(general) },
    rules: RULES,
  });
  const put = (target: string, content: string) => post(target, content, JSON_TYPE).replace("POST", "PUT");
  for (let n = 0; n < 4; n++)
    expect(await answered(put(`/${n}`, order("high")), own)).toBe(`g PUT /${n} ${order("high")}`);
  expect(failing.heads.length).toBeGreaterThan(0);
  await failing[Symbol.asyncDispose]();
});

test("the bound of the class that content decides about holds for that content", async () => {
  await using own = await serving({
    classes: { gold: { pool: "gold", bodyBytes: 40 }, general: { pool: "general" } },
  });
  const [short, long] = [order("high"), order("high", 40)];
  expect([short.length < 50, long.length > 40]).toEqual([true, true]);
  using client = await own.connect();
  await client.send(post("/x", long, JSON_TYPE));
  expect((await client.response()).status).toBe(413);
  expect(gold.targets.filter((target) => target === "/413")).toEqual([]);
  expect(await served(post("/x", order("low", 40), JSON_TYPE), own)).toBe("s");
});

test("the access log has as many octets of a request whose content decides as of any other", async () => {
  const content = `3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\nX-Trailer: t\r\n\r\n`;
  const requests = ["/straight/logged", "/inquired/logged"].flatMap((target) => [
    post(target, order("low", 5_000), JSON_TYPE),
    postChunked(target, content, JSON_TYPE),
  ]);
  using client = await shunt.connect();
  for (const octets of requests) {
    await client.send(octets);
    expect((await client.response()).status).toBe(200);
  }
  const lines = await logged(/\/logged$/, requests.length);
  expect(lines.map(({ bytesIn }) => bytesIn)).toEqual(requests.map(({ length }) => length));
});

test("content that does not come is answered 408, and no server hears of it", async () => {
  await using own = await serving({ timeouts: { bodyIdleMs: 300 } });
  using client = await own.connect();
  await client.send(post("/stalls", order("high"), JSON_TYPE).slice(0, -3));
  expect((await client.response()).status).toBe(408);
  expect(await client.closes()).toBe(true);
  const [line] = await own.accessLog(1);
  expect(line).toMatchObject({ status: 408, ended: "cR" });
  expect([...gold.targets, ...general.targets]).not.toContain("/stalls");
  await own.quiet();
});

test.each([
  ["a bad chunk", postChunked("/bad", '5\r\n{"a":x', JSON_TYPE), false],
  ["a chunk size that is none", postChunked("/bad", "zz\r\n", JSON_TYPE), false],
  ["an end in the middle", post("/bad", order("high"), JSON_TYPE).slice(0, -3), true],
  ["an end inside a chunk", postChunked("/bad", "ff\r\n{", JSON_TYPE), true],
])("content with %s is answered 400, and no server hears of it", async (_, octets, ends) => {
  using client = await shunt.connect();
  await client.send(octets);
  if (ends) client.end();
  expect((await client.response()).status).toBe(400);
  expect(await client.closes()).toBe(true);
  expect([...gold.targets, ...general.targets]).not.toContain("/bad");
  await shunt.quiet();
});

test("a client that leaves while its content is waited for leaves nothing behind", async () => {
  using client = await shunt.connect();
  await client.send(post("/left", order("high"), JSON_TYPE).slice(0, -3));
  await eventually(
    () => shunt.acceptor(),
    ({ exchanges }) => exchanges === 1,
  );
  client.socket.resetAndDestroy();
  await shunt.quiet();
  expect([...gold.targets, ...general.targets]).not.toContain("/left");
});

test("content that hangs a classifier thread gets 500, and others their answers", async () => {
  await using own = await serving({}, { SHUNT_TEST_HANG_ON: "this-one-hangs" });
  using client = await own.connect();
  const hangs = client.send(post("/x", order("this-one-hangs"), JSON_TYPE)).then(() => client.response());
  expect(await served(post("/x", order("high"), JSON_TYPE), own)).toBe("g");
  expect((await hangs).status).toBe(500);
  await own.quiet();
});

test("of clients that send their content in many small chunks little is held while they are waited for", async () => {
  await using own = await serving({});
  const { pid } = await own.acceptor();
  const before = await peakResidentBytes(pid);
  const clients = await Promise.all(Array.from({ length: 200 }, () => own.connect()));
  // Chunk heads count too: with them it is nearly twice the bound, and the last chunk has not come.
  const octets = postChunked("/many", "1;a\r\n \r\n".repeat(100) + "1\r\n \r\n".repeat(5_000), JSON_TYPE);
  for (const client of clients) client.socket.write(octets);
  await eventually(
    () => own.acceptor(),
    ({ exchanges }) => exchanges === 200,
  );
  for (const client of clients) client.socket.write("0\r\n\r\n");
  await Promise.all(clients.map((client) => client.response()));
  expect((await peakResidentBytes(pid)) - before).toBeLessThan(100 * 1_048_576);
  for (const client of clients) client[Symbol.dispose]();
});

test("the record of an exchange shows the fields that rules compared, shortened, and the rule that matched", async () => {
  const long = "y".repeat(1_000);
  await answered(post("/record", JSON.stringify({ order: { priority: long } }), JSON_TYPE));
  await answered(post("/record", order("high"), JSON_TYPE));
  await answered(post("/absent", order("low"), JSON_TYPE));
  const { exchanges } = JSON.parse(await shunt.api("/v1/exchanges?limit=3"));
  expect(
    exchanges.map(({ rule, class: cls, facts }: Record<string, unknown>) => ({ rule, cls, facts })),
  ).toEqual([
    { rule: undefined, cls: "general", facts: expect.objectContaining({ "body./order": ["(present)"] }) },
    { rule: "high", cls: "gold", facts: expect.objectContaining({ "body./order/priority": ["high"] }) },
    {
      rule: undefined,
      cls: "general",
      facts: expect.objectContaining({ "body./order/priority": [`${"y".repeat(200)}…`] }),
    },
  ]);
});

test("timers count the wait for content as classification", async () => {
  using client = await shunt.connect();
  const octets = post("/timed", order("high"), JSON_TYPE);
  await client.send(octets.slice(0, -1));
  await eventually(
    () => shunt.acceptor(),
    ({ exchanges }) => exchanges === 1,
  );
  await client.send(octets.slice(-1));
  await client.response();
  const [line] = await logged(/^\/timed$/, 1);
  const { Tk, Tw, Tc, Tr, Ta } = line as Record<string, number>;
  expect(Tk).toBeGreaterThan(Math.max(Tw as number, Tc as number, Tr as number));
  expect(Ta).toBeGreaterThanOrEqual(Tk as number);
  expect(line).toMatchObject({ class: "gold", rule: "high", server: "g" });
});
