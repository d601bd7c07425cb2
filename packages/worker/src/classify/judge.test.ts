import {
  Batch,
  CONTENT,
  HEAD_FLAG,
  hash32,
  NO_AFFINITY,
  RECORD,
  REFUSE,
  type Snapshot,
  Verdict,
} from "@shunt/core";
import { expect, test } from "vitest";
import { verdictOn } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Judge } from "./judge.ts";

const STRANGER = { family: 4, words: [0xcb00_7109, 0, 0, 0], trusted: false } as const;
const TRUSTED = { family: 6, words: [0x2001_0db8, 0, 0, 1], trusted: true } as const;
const get = (fields = ""): Buffer => Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);

/** Every record of a batch, judged in one go. */
async function recordsOf(batch: Batch, snapshot: Snapshot = snapshotOf()): Promise<Verdict[]> {
  const judge = await Judge.of(snapshot.config);
  for (let entry = 0; entry < batch.entries; entry++) await judge.judge(batch, entry);
  batch.rewind();
  return Array.from({ length: batch.published }, () => {
    const verdict = new Verdict();
    batch.read(verdict);
    return verdict;
  });
}

test("Judge has room for the last record of every entry, whatever those before it took", async () => {
  const size = { entries: 64, dataBytes: 65_536, recordWords: 64 * 20 + 2_000 };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  batch.clear();
  for (let i = 0; i < 64; i++) batch.add(Buffer.concat([get(), get(), get()]), STRANGER, 64);
  const records = await recordsOf(batch);
  const stopped = records.filter(({ kind }) => kind === RECORD.STOPPED);
  expect(stopped.length).toBeGreaterThan(40);
  expect(records.every(({ kind }) => kind === RECORD.REQUEST || kind === RECORD.STOPPED)).toBe(true);
  expect(new Set(records.map(({ entry }) => entry)).size).toBe(64);
});

test("Judge writes nothing of a head that was judged before into the refusal of another", async () => {
  const size = { entries: 2, dataBytes: 4_096, recordWords: 8_192 };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  batch.clear();
  batch.add(get("Cookie: tier=gold\r\nKeep-Alive: 1\r\n"), STRANGER, 64);
  batch.add(Buffer.from("GET /x HTTP/1.1\r\n\r\n"), STRANGER, 64);
  const [gold, refused] = await recordsOf(batch);
  expect([gold?.rule, gold?.class, gold?.dropCount]).toEqual([0, 0, 1]);
  expect([refused?.kind, refused?.refusal]).toEqual([RECORD.REFUSED, REFUSE.HOST_MISSING]);
  expect([refused?.rule, refused?.class, refused?.affinity, refused?.dropCount]).toEqual([
    -1,
    -1,
    NO_AFFINITY,
    0,
  ]);
  expect([refused?.user, refused?.client]).toEqual([undefined, undefined]);
});

test("Judge believes the field that names the user from trusted peers alone", async () => {
  const rules = [{ name: "staff", when: { user: "ann" }, class: "gold" }];
  const snapshot = snapshotOf({ rules, identity: { header: "X-User" }, trust: { peers: ["2001:db8::/32"] } });
  const seen = [];
  for (const peer of [STRANGER, TRUSTED]) {
    const { user, rule } = await verdictOn(get("X-User: ann\r\n"), peer, snapshot);
    seen.push([user, rule]);
  }
  expect(seen).toEqual([
    [undefined, -1],
    ["ann", 0],
  ]);
});

test("Judge classifies by the client that a trusted peer names", async () => {
  const rules = [{ name: "inside", when: { client: "10.1.0.0/16" }, class: "gold" }];
  const snapshot = snapshotOf({ rules, trust: { peers: ["2001:db8::/32"] } });
  const told = get("X-Forwarded-For: 10.1.2.3\r\n");
  expect(await verdictOn(told, TRUSTED, snapshot)).toMatchObject({ rule: 0, client: "10.1.2.3" });
  expect(await verdictOn(told, STRANGER, snapshot)).toMatchObject({ rule: -1, client: undefined });
});

test.each([
  ["client", "203.0.113.9"],
  ["path", "/x"],
  ["host", "a"],
  [{ header: "X-Tenant" }, "acme"],
  [{ cookie: "session" }, "s1"],
])("Judge hashes what the pool of the request's class hashes on: %j", async (hashOn, text) => {
  const servers = { s1: { url: "http://127.0.0.1:9003" } };
  const snapshot = snapshotOf({
    pools: {
      gold: { servers: { g1: { url: "http://127.0.0.1:9001" } } },
      general: { servers, balance: "hash", hashOn },
    },
  });
  const fields = "X-Tenant: acme\r\nCookie: session=s1\r\n";
  expect((await verdictOn(get(fields), STRANGER, snapshot)).affinity).toBe(hash32(text));
  const gold = await verdictOn(get("Cookie: tier=gold\r\n"), STRANGER, { ...snapshot });
  expect(gold.class).toBe(0);
});

test("Judge is costly where an expression or a signature is in it, and only there", async () => {
  const expression = [{ name: "r", when: { path: { regex: "^/a" } }, class: "gold" }];
  const jwt = { jwt: { key: { secret: "a secret of thirty-two octets !!" } } };
  const costly = [];
  for (const options of [{}, { rules: expression }, { identity: jwt }, { identity: { basic: true } }])
    costly.push((await Judge.of(snapshotOf(options).config)).costly);
  expect(costly).toEqual([false, true, true, false]);
});

const byPriority = snapshotOf({
  rules: [
    { name: "plain", when: { path: "/plain" }, class: "general" },
    { name: "high", when: { body: { "/priority": "high" } }, class: "gold" },
  ],
});

/** A POST of JSON with `fields`, and what is said of it before its content has come, or with it. */
async function posted(
  fields: string,
  content: string | number = CONTENT.AHEAD,
  path = "/x",
): Promise<Verdict> {
  const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${fields}\r\n`;
  const octets = Buffer.from(typeof content === "string" ? head + content : head);
  const count = typeof content === "string" ? content.length : content;
  return await verdictOn(octets, STRANGER, byPriority, count);
}

test("Judge leaves open what content decides, until it has come", async () => {
  const open = await posted("Content-Length: 19\r\n");
  expect([open.kind, open.rule, open.class]).toEqual([RECORD.REQUEST, -1, -1]);
  expect(open.flags & HEAD_FLAG.CONTENT_DECIDES).not.toBe(0);
  const closed = await posted("Content-Length: 19\r\n", '{"priority":"high"}');
  expect([closed.kind, closed.rule, closed.class]).toEqual([RECORD.REQUEST, 1, 0]);
  expect(closed.flags & HEAD_FLAG.CONTENT_DECIDES).toBe(0);
  expect([closed.start, closed.end]).toEqual([open.start, open.end]);
});

test.each([
  ["without content", "", "/x"],
  ["that an earlier rule decides", "Content-Length: 19\r\n", "/plain"],
  ["whose content is too long", "Content-Length: 16385\r\n", "/x"],
  ["whose content is coded", "Content-Length: 19\r\nContent-Encoding: gzip\r\n", "/x"],
])("Judge decides at once about a request %s", async (_, fields, path) => {
  const verdict = await posted(fields, CONTENT.AHEAD, path);
  expect(verdict.flags & HEAD_FLAG.CONTENT_DECIDES).toBe(0);
  expect(verdict.class).toBe(1);
});

test("Judge decides without content of which there is too much", async () => {
  const verdict = await posted("Transfer-Encoding: chunked\r\n", CONTENT.TOO_MUCH);
  expect([verdict.rule, verdict.class]).toEqual([-1, 1]);
});

test("Judge drops the expectation of a request whose content has come, and only then", async () => {
  const fields = "Content-Length: 19\r\nExpect: 100-continue\r\n";
  expect((await posted(fields)).dropCount).toBe(0);
  const { drops, dropCount } = await posted(fields, '{"priority":"high"}');
  expect([dropCount, drops[1]]).toEqual([1, "Expect: 100-continue\r\n".length]);
});

test("Judge knows nothing of the content of a request when it judges the next", async () => {
  const size = { entries: 2, dataBytes: 4_096, recordWords: 8_192 };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  batch.clear();
  const content = '{"priority":"high"}';
  const head = (length: number) =>
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  batch.add(Buffer.from(head(19) + content), STRANGER, 1, 19);
  batch.add(Buffer.from(head(0) + head(2)), STRANGER, 2);
  const records = await recordsOf(batch, byPriority);
  expect(records.map(({ kind, rule, class: cls }) => [kind, rule, cls])).toEqual([
    [RECORD.REQUEST, 1, 0],
    [RECORD.REQUEST, -1, 1],
    [RECORD.REQUEST, -1, -1],
  ]);
});

const VIP = [{ name: "vip", when: { path: { prefix: "/vip/" } }, class: "gold" }];
const asked = (target: string): Buffer => Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);

test.each([
  "/x/../vip/a",
  "/x%2f..%2fvip/a",
  "//vip/a",
  "/%2576ip/a",
  "/vip/..;/a",
  "/vip%2fa",
  "/x/%2e%2e\\vip/a",
  "/;x/vip/a",
  "/vip;x/a",
  "/vip%3bx/a",
])("Judge refuses a path that would have another class for another reader: %s", async (target) => {
  const verdict = await verdictOn(asked(target), STRANGER, snapshotOf({ rules: VIP }));
  expect([verdict.kind, verdict.refusal, verdict.rule]).toEqual([
    RECORD.REFUSED,
    REFUSE.TARGET_AMBIGUOUS,
    -1,
  ]);
  const lenient = snapshotOf({ rules: VIP, leniency: { ambiguousPaths: true } });
  expect(await verdictOn(asked(target), STRANGER, lenient)).toMatchObject({ refusal: 0 });
});

test.each(["/x/../y", "/x%2fy", "//x", "/vip/a//b", "/vip/a/../b%2fc", "/vip/%25", "/v;x", "/vip/a;b/c"])(
  "Judge lets a path through that has one class for everybody: %s",
  async (target) => {
    const { refusal, rule, targetLength } = await verdictOn(
      asked(target),
      STRANGER,
      snapshotOf({ rules: VIP }),
    );
    expect([refusal, rule, targetLength]).toEqual([0, target.startsWith("/vip/") ? 0 : -1, target.length]);
  },
);

test("Judge refuses a path that has more readings than it goes through, where rules look at paths", async () => {
  const target = `/x${"%2f%5c%252f..;x//%3f".repeat(20)}`;
  const strict = await verdictOn(asked(target), STRANGER, snapshotOf({ rules: VIP }));
  expect([strict.kind, strict.refusal]).toEqual([RECORD.REFUSED, REFUSE.TARGET_AMBIGUOUS]);
  for (const options of [{ rules: [] }, { rules: VIP, leniency: { ambiguousPaths: true } }])
    expect(await verdictOn(asked(target), STRANGER, snapshotOf(options))).toMatchObject({ refusal: 0 });
});

test("Judge lets paths through that others read otherwise, where no rule looks at paths", async () => {
  const rules = [{ name: "gold", when: { cookie: { tier: "gold" } }, class: "gold" }];
  expect(await verdictOn(asked("/x/..%2fvip/"), STRANGER, snapshotOf({ rules }))).toMatchObject({
    refusal: 0,
  });
});

test("Judge hashes the usual reading of a path, however many there are", async () => {
  const snapshot = snapshotOf({
    rules: VIP,
    pools: {
      gold: { servers: { g1: { url: "http://127.0.0.1:9001" } } },
      general: { servers: { s1: { url: "http://127.0.0.1:9003" } }, balance: "hash", hashOn: "path" },
    },
  });
  const { affinity } = await verdictOn(asked("/x/../y%2fz"), STRANGER, snapshot);
  expect(affinity).toBe(hash32("/y%2Fz"));
});

test("Judge refuses a Connection that names what rules or the identity look at", async () => {
  const rules = [{ name: "no bot", when: { header: { "x-bot": false } }, class: "gold" }];
  const snapshot = snapshotOf({ rules, identity: { basic: true } });
  for (const name of ["X-Bot", "Authorization"]) {
    const fields = `${name}: x\r\nConnection: ${name}\r\n`;
    expect(await verdictOn(get(fields), STRANGER, snapshot)).toMatchObject({
      refusal: REFUSE.CONNECTION_OPTION,
    });
  }
  expect(await verdictOn(get("X-Else: x\r\nConnection: X-Else\r\n"), STRANGER, snapshot)).toMatchObject({
    rule: 0,
  });
});

/** Heads that differ in little, each with a verdict of its own. */
const ALIKE: readonly Buffer[] = [
  get(),
  get("Cookie: tier=gold\r\n"),
  get("Cookie: tier=cold\r\n"),
  get("Keep-Alive: 1\r\nX-Forwarded-For: 10.1.2.3\r\nTE: trailers\r\n"),
  get("Keep-Alive: 1\r\nX-Forwarded-For: 10.1.2.4\r\nX-User: ann\r\n"),
  Buffer.from("GET http://b?q HTTP/1.1\r\nHost: b\r\n\r\n"),
  Buffer.concat([Buffer.from("\r\n"), get()]),
];
const LAST: readonly Buffer[] = [
  Buffer.alloc(0),
  get().subarray(0, 20),
  Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  get("Connection: close\r\n"),
];

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "Judge gives heads that repeat others the verdict that each has alone: seed %i",
  async (seed) => {
    let drawn = 0;
    const pick = (heads: readonly Buffer[]): Buffer =>
      heads[hash32(`${seed}/${drawn++}`) % heads.length] as Buffer;
    const few = [pick(ALIKE), pick(ALIKE), pick(ALIKE)];
    const heads = [...Array.from({ length: 12 }, () => pick(few)), pick(LAST)];
    const snapshot = snapshotOf({ identity: { header: "X-User" }, trust: { peers: ["2001:db8::/32"] } });
    const peer = seed % 2 === 0 ? STRANGER : TRUSTED;
    const size = { entries: 16, dataBytes: 8_192, recordWords: 16_384 };
    const [together, alone] = [0, 1].map(() => new Batch(new ArrayBuffer(Batch.bytes(size)), size));
    together?.clear();
    alone?.clear();
    together?.add(Buffer.concat(heads), peer, 64);
    for (const head of heads) alone?.add(head, peer, 1);
    const expected: object[] = [];
    for (const record of await recordsOf(alone as Batch, snapshot)) {
      const by = heads.slice(0, record.entry).reduce((octets, { length }) => octets + length, 0);
      const moves = record.kind === RECORD.REQUEST || record.kind === RECORD.REFUSED;
      if (moves) expected.push(movedBy(record, by));
    }
    const records = await recordsOf(together as Batch, snapshot);
    expect(
      records
        .filter(({ kind }) => kind === RECORD.REQUEST || kind === RECORD.REFUSED)
        .map((record) => movedBy(record, 0)),
    ).toEqual(expected);
    expect(records.length - expected.length).toBeLessThanOrEqual(1);
  },
);

function movedBy(verdict: Verdict, by: number): object {
  const drops = Array.from(verdict.drops, (word, i) => (i % 2 === 0 ? word + by : word));
  const { start, end, targetAt, authorityAt, authorityLength, refusal, refusalAt } = verdict;
  return {
    ...verdict,
    entry: 0,
    start: start + by,
    end: end + by,
    targetAt: targetAt + by,
    authorityAt: authorityLength === 0 ? 0 : authorityAt + by,
    refusalAt: refusal === REFUSE.NONE ? 0 : refusalAt + by,
    drops,
  };
}

test("Judge does not take what an entry before has left in memory for the rest of a head that is cut off", async () => {
  const size = { entries: 2, dataBytes: 4_096, recordWords: 8_192 };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  batch.clear();
  batch.add(Buffer.concat([get(), get()]), STRANGER, 64);
  batch.add(Buffer.concat([get(), get().subarray(0, 20)]), STRANGER, 64);
  const kinds = (await recordsOf(batch)).map(({ kind }) => kind);
  expect(kinds).toEqual([RECORD.REQUEST, RECORD.REQUEST, RECORD.REQUEST, RECORD.INCOMPLETE]);
});

test("Judge reads no more heads than there is room for, also of those that repeat others", async () => {
  const size = { entries: 1, dataBytes: 4_096, recordWords: 8_192 };
  const batch = new Batch(new ArrayBuffer(Batch.bytes(size)), size);
  batch.clear();
  batch.add(Buffer.concat(Array.from({ length: 9 }, () => get())), STRANGER, 5);
  const kinds = (await recordsOf(batch)).map(({ kind }) => kind);
  expect(kinds).toEqual([...Array.from({ length: 5 }, () => RECORD.REQUEST), RECORD.STOPPED]);
});
