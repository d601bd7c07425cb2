import { Batch, hash32, NO_AFFINITY, RECORD, REFUSE, type Snapshot, Verdict } from "@shunt/core";
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
