import { afterEach, beforeEach, expect, test } from "vitest";
import { Backend } from "../connect/backend.ts";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Attempt } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import { Recorder } from "./recorder.ts";

let listener: TestListener;
let open: OpenClient;
beforeEach(async () => {
  listener = await TestListener.listen(new TestLoop());
  open = await listener.open();
});
afterEach(() => {
  open.client.destroy();
  listener.close();
});

const exchange = (fields = "", target = "/", snapshot = snapshotOf()): Promise<Exchange> =>
  exchangeOf(open.client, `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`, snapshot);

test("Recorder tells the newest exchanges first, as many as were asked for and as it keeps", async () => {
  const recorder = new Recorder("a1", 3);
  const settled = await exchange();
  expect(recorder.recent(10)).toEqual([]);
  for (let i = 1; i <= 7; i++) recorder.remember(settled, `${i}`, 1);
  const ids = (limit: number): string[] => recorder.recent(limit).map(({ id }) => id);
  expect([ids(2), ids(3), ids(10)]).toEqual([
    ["7", "6"],
    ["7", "6", "5"],
    ["7", "6", "5"],
  ]);
});

test("Recorder that is to keep nothing keeps nothing", async () => {
  const recorder = new Recorder("a1", 0);
  recorder.remember(await exchange(), "1", 1);
  expect(recorder.recent(10)).toEqual([]);
});

test("Recorder tells what explains a decision: facts, attempts, what was compared, the seed and the generation", async () => {
  const snapshot = snapshotOf({}, 9);
  const settled = await exchange("Cookie: tier=gold; session=secret\r\n", "/x?y=z", snapshot);
  const backendOf = (pool: string, name: string): Backend =>
    new Backend(pool, { name, host: "h", port: 1, authority: "h:1", weight: 1, state: "ready" }, () => 0);
  const failed = new Attempt(settled, backendOf("gold", "g2"), 7, false, [0, 2, 1, 0.5], 0);
  failed.failure = "connection_refused";
  settled.began(failed, true);
  settled.began(new Attempt(settled, backendOf("general", "s1"), 8, true, [0, 3], 0), true);
  settled.answers(200, 30);
  const recorder = new Recorder("a1", 3);
  recorder.remember(settled, "id-1", 40);
  expect(recorder.recent(1)[0]).toEqual({
    id: "id-1",
    acceptor: "a1",
    startedAt: Math.round(performance.timeOrigin + settled.beganAt),
    client: "127.0.0.1",
    method: "GET",
    target: "/x?y=z",
    host: "a.example",
    user: undefined,
    class: "gold",
    rule: "gold cookie",
    facts: { "cookie.tier": ["gold"] },
    generation: 9,
    attempts: [
      {
        pool: "gold",
        server: "g2",
        seed: 7,
        spilled: false,
        compared: [
          { server: "g1", score: 2 },
          { server: "g2", score: 0.5 },
        ],
        failure: "connection_refused",
      },
      {
        pool: "general",
        server: "s1",
        seed: 8,
        spilled: true,
        compared: [{ server: "s1", score: 3 }],
        failure: undefined,
      },
    ],
    status: 200,
    ended: "--",
    timers: expect.objectContaining({ Tk: expect.any(Number), Ta: expect.any(Number) }),
  });
});

test("Recorder shows no credentials, and of what rules only ask the presence of no value", async () => {
  const rules = [
    { name: "session", when: { cookie: { session: true } }, class: "gold" },
    { name: "token", when: { header: { authorization: { prefix: "Bearer" } } }, class: "gold" },
    { name: "query", when: { query: { q: "1" } }, class: "gold" },
  ];
  const recorder = new Recorder("a1", 3);
  const fields = "Cookie: session=secret\r\nAuthorization: Bearer secret\r\n";
  recorder.remember(await exchange(fields, "/?q=1", snapshotOf({ rules })), "1", 1);
  const [record] = recorder.recent(1);
  expect(record?.facts).toEqual({ "cookie.session": ["(present)"], "query.q": ["1"] });
  expect(JSON.stringify(record)).not.toContain("secret");
});

test("Recorder reads the facts of each exchange by the rules of its own snapshot", async () => {
  const by = (name: string, generation: number): ReturnType<typeof snapshotOf> =>
    snapshotOf({ rules: [{ name, when: { query: { [name]: "1" } }, class: "gold" }] }, generation);
  const recorder = new Recorder("a1", 3);
  const [first, second] = [by("x", 1), by("y", 2)];
  for (const snapshot of [first, second, first])
    recorder.remember(await exchange("", "/?x=1&y=2", snapshot), "1", 1);
  expect(recorder.recent(3).map(({ facts }) => facts)).toEqual([
    { "query.x": ["1"] },
    { "query.y": ["2"] },
    { "query.x": ["1"] },
  ]);
});

test("Recorder remembers exchanges whose heads are large, or are none, without their fields", async () => {
  const recorder = new Recorder("a1", 3);
  recorder.remember(await exchange(`Cookie: tier=gold\r\nX: ${"y".repeat(5_000)}\r\n`), "large", 1);
  recorder.remember(await exchangeOf(open.client, "\0\0\0\r\n\r\n"), "none", 1);
  expect(recorder.recent(3).map(({ id, facts }) => [id, facts])).toEqual([
    ["none", {}],
    ["large", {}],
  ]);
});

test("Recorder shows fields of content as far as it was read, shortened, and says why it shows none", async () => {
  const rules = [
    { name: "deep", when: { body: { "/a/b": "1", "/a": true, "/s": false } }, class: "gold" },
    { name: "form", when: { body: { tier: "gold" } }, class: "gold" },
  ];
  const posting = (fields: string): Promise<Exchange> =>
    exchangeOf(open.client, `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`, snapshotOf({ rules }));
  const json = "Content-Type: application/json\r\nContent-Length: 9\r\n";
  const form = json.replace("json", "x-www-form-urlencoded");
  const recorder = new Recorder("a1", 10);
  const facts = async (fields: string, content?: string): Promise<object | undefined> => {
    const settled = await posting(fields);
    if (content !== undefined) settled.judgedContent = Buffer.from(content);
    recorder.remember(settled, "1", 1);
    return recorder.recent(1)[0]?.facts;
  };
  const all = (read: string[]) => ({
    "body./a": read,
    "body./a/b": read,
    "body./s": read,
    "body.tier": read,
  });
  const unknown = all(["(unknown)"]);
  expect(await facts("")).toEqual(all([]));
  expect(await facts(json)).toEqual(unknown);
  expect(await facts(`${json}Content-Encoding: br\r\n`)).toEqual(unknown);
  expect(await facts(json, '{"a":{"b":1},"s":"secret"}')).toEqual({
    ...unknown,
    "body./a": ["(present)"],
    "body./a/b": ["1"],
    "body./s": ["(present)"],
  });
  const long = "x".repeat(300);
  expect(await facts(form, `tier=${long}&tier=b`)).toEqual({
    ...unknown,
    "body.tier": [`${"x".repeat(200)}…`, "b"],
  });
  expect(await facts(json, `{"a":"${"x".repeat(5_000)}"}`)).toEqual({});
});
