import { describe, expect, test } from "vitest";
import { below, draw } from "../random.ts";
import {
  Batch,
  type BatchSize,
  CONTENT,
  type EntryPeer,
  RECORD,
  Verdict,
  type VerdictFields,
} from "./batch.ts";

const SIZE: BatchSize = { entries: 4, dataBytes: 64, recordWords: 2_000 };
const PEER: EntryPeer = { family: 4, words: [0xc0000201, 0, 0, 0], trusted: false };
const NO_DROPS = new Int32Array(0);

/** Two views of one memory: the event loop's and the thread's. */
function twoSides(size = SIZE): { loop: Batch; thread: Batch } {
  const memory = new SharedArrayBuffer(Batch.bytes(size));
  const loop = new Batch(memory, size);
  loop.clear();
  return { loop, thread: new Batch(memory, size) };
}

function fields(some: Partial<VerdictFields> = {}): VerdictFields {
  return { ...new Verdict(), drops: NO_DROPS, ...some };
}

/** What came of a verdict, with the drops as numbers. */
function plain(verdict: VerdictFields, entry: number, user?: string, client?: string): object {
  const drops = [...verdict.drops.subarray(0, verdict.dropCount * 2)];
  return { ...verdict, entry, user, client, drops };
}

function readAll(batch: Batch): object[] {
  const verdict = new Verdict();
  batch.rewind();
  return Array.from({ length: batch.published }, () => {
    batch.read(verdict);
    return plain(verdict, verdict.entry, verdict.user, verdict.client);
  });
}

describe("Batch", () => {
  test("shows a thread the entries that the event loop has added", () => {
    const { loop, thread } = twoSides();
    const v6: EntryPeer = { family: 6, words: [0x20010db8, 1, 0xffffffff, 0x80000000], trusted: true };
    expect(loop.add(Buffer.from("first"), PEER, 7)).toBe(5);
    expect(loop.add(Buffer.from("second"), v6, 1)).toBe(6);
    expect([loop.entries, loop.dataUsed]).toEqual([2, 11]);
    const entries = [0, 1].map((entry) => ({
      octets: Buffer.from(
        thread.data.subarray(thread.entryAt(entry), thread.entryAt(entry) + thread.entryLength(entry)),
      ).toString(),
      room: thread.entryRoom(entry),
      family: thread.entryFamily(entry),
      trusted: thread.entryTrusted(entry),
      words: [0, 1, 2, 3].map((i) => thread.entryWord(entry, i)),
    }));
    expect(entries).toEqual([
      { octets: "first", room: 7, ...PEER },
      { octets: "second", room: 1, ...v6 },
    ]);
  });

  test("shows a thread how much of an entry is content", () => {
    const { loop, thread } = twoSides();
    for (const content of [undefined, CONTENT.TOO_MUCH, 0, 4])
      loop.add(Buffer.from("octets"), PEER, 1, content);
    expect([0, 1, 2, 3].map((entry) => thread.entryContent(entry))).toEqual([
      CONTENT.AHEAD,
      CONTENT.TOO_MUCH,
      0,
      4,
    ]);
  });

  test("takes as many octets as fit, and then no entry more", () => {
    const { loop } = twoSides();
    expect(loop.add(Buffer.alloc(60, 1), PEER, 1)).toBe(60);
    expect(loop.add(Buffer.alloc(60, 2), PEER, 1)).toBe(4);
    expect(loop.add(Buffer.alloc(1), PEER, 1)).toBe(0);
    expect([loop.entries, loop.dataUsed]).toEqual([2, 64]);
    expect([...loop.data.subarray(58, 64)]).toEqual([1, 1, 2, 2, 2, 2]);
  });

  test("takes as many entries as it has room for, and none without octets", () => {
    const { loop } = twoSides();
    expect(loop.add(Buffer.alloc(0), PEER, 1)).toBe(0);
    for (let i = 0; i < SIZE.entries; i++) expect(loop.add(Buffer.alloc(1), PEER, 1)).toBe(1);
    expect(loop.add(Buffer.alloc(1), PEER, 1)).toBe(0);
  });

  test("publishes records one by one, in order, and shows none before", () => {
    const { loop, thread } = twoSides();
    thread.write(0, fields({ kind: RECORD.REQUEST, start: 1 }), undefined, undefined);
    expect(loop.published).toBe(0);
    thread.publish();
    expect(loop.published).toBe(1);
    thread.write(2, fields({ kind: RECORD.INCOMPLETE, start: 5 }), undefined, undefined);
    thread.publish();
    expect(readAll(loop)).toEqual([
      plain(fields({ kind: RECORD.REQUEST, start: 1 }), 0),
      plain(fields({ kind: RECORD.INCOMPLETE, start: 5 }), 2),
    ]);
  });

  test("tells which entry a thread works on", () => {
    const { loop, thread } = twoSides();
    expect(loop.current).toBe(-1);
    thread.begin(3);
    expect(loop.current).toBe(3);
    loop.clear();
    expect(loop.current).toBe(-1);
  });

  test.each([
    ["", ""],
    ["a", "192.0.2.1"],
    ["j\xfcrgen \u{1f680}", "2001:db8::1"],
    [undefined, "x"],
    ["x", undefined],
    ["\0", undefined],
  ])("carries texts as UTF-8: user %j, client %j", (user, client) => {
    const { loop, thread } = twoSides();
    const verdict = fields({ kind: RECORD.REQUEST });
    const bytesOf = (text: string | undefined): Buffer | undefined =>
      text === undefined ? undefined : Buffer.from(text);
    for (let i = 0; i < 2; i++) {
      thread.write(i, verdict, bytesOf(user), bytesOf(client));
      thread.publish();
    }
    expect(readAll(loop)).toEqual([plain(verdict, 0, user, client), plain(verdict, 1, user, client)]);
  });

  test.each([
    0,
    1,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 40 + 7,
    Number.MAX_SAFE_INTEGER,
    999_999_999_999_999,
  ])("carries a content length of %d", (contentLength) => {
    const { loop, thread } = twoSides();
    thread.write(0, fields({ contentLength }), undefined, undefined);
    thread.publish();
    expect(readAll(loop)).toEqual([plain(fields({ contentLength }), 0)]);
  });

  test("carries any records of several entries unharmed", () => {
    const size = { entries: 8, dataBytes: 0, recordWords: 5_000 };
    for (let seed = 0; seed < 20; seed++) {
      const { loop, thread } = twoSides(size);
      const written = Array.from({ length: 60 }, (_, i) => {
        const { verdict, user, client } = randomRecord(seed * 1_000 + i);
        thread.write(i >> 3, verdict, Buffer.from(user), Buffer.from(client));
        thread.publish();
        return plain(verdict, i >> 3, user, client);
      });
      expect(readAll(loop)).toEqual(written);
    }
  });

  test("fits() leaves room for a last record of every entry, whatever was written before", () => {
    const size = { entries: 5, dataBytes: 0, recordWords: 700 };
    for (let seed = 0; seed < 50; seed++) {
      const { loop, thread } = twoSides(size);
      const ranges = below(draw(seed, 0), 20);
      const user = Buffer.alloc(below(draw(seed, 1), 30), "u");
      const client = Buffer.alloc(below(draw(seed, 2), 30), "c");
      const verdict = fields({ dropCount: ranges, drops: new Int32Array(ranges * 2).fill(seed) });
      let records = 0;
      for (; thread.fits(ranges, user.length + client.length); records++)
        thread.write(0, verdict, user, client);
      expect(records).toBeGreaterThan(0);
      for (let entry = 0; entry < size.entries; entry++, records++)
        thread.write(entry, fields({ kind: RECORD.STOPPED }), undefined, undefined);
      for (let i = 0; i < records; i++) thread.publish();
      const last = fields({ kind: RECORD.STOPPED });
      expect(readAll(loop).slice(-size.entries)).toEqual([0, 1, 2, 3, 4].map((entry) => plain(last, entry)));
    }
  });

  test("fits() counts the words that two texts need, to the last", () => {
    for (let recordWords = 38; recordWords < 50; recordWords++)
      for (const [user, client] of [
        [1, 1],
        [4, 1],
        [3, 2],
        [4, 4],
      ] as const) {
        const { thread } = twoSides({ entries: 1, dataBytes: 0, recordWords });
        if (!thread.fits(1, user + client)) continue;
        const drops = new Int32Array(2);
        thread.write(0, fields({ dropCount: 1, drops }), Buffer.alloc(user), Buffer.alloc(client));
        thread.write(0, fields({ kind: RECORD.STOPPED }), undefined, undefined);
      }
    expect(twoSides({ entries: 1, dataBytes: 0, recordWords: 47 }).thread.fits(1, 5)).toBe(true);
  });

  test("write() refuses a record that does not fit, and leaves those before it unharmed", () => {
    const size = { entries: 1, dataBytes: 0, recordWords: 47 };
    const { loop, thread } = twoSides(size);
    const first = fields({ start: 1 });
    thread.write(0, first, undefined, undefined);
    thread.publish();
    expect(thread.fits(0, 0)).toBe(false);
    const drops = new Int32Array(6);
    expect(() => thread.write(0, fields({ dropCount: 3, drops }), undefined, undefined)).toThrow(RangeError);
    expect(() => thread.write(0, first, Buffer.alloc(21), undefined)).toThrow(
      "Cannot write a record of 27 words at 21 of 47",
    );
    expect(readAll(loop)).toEqual([plain(first, 0)]);
    thread.write(0, first, Buffer.alloc(20), undefined);
  });

  test("forgets everything when it is cleared", () => {
    const { loop, thread } = twoSides();
    loop.add(Buffer.from("x"), PEER, 1);
    thread.write(0, fields(), undefined, undefined);
    thread.publish();
    loop.clear();
    expect([loop.entries, loop.dataUsed, loop.published]).toEqual([0, 0, 0]);
    expect(loop.add(Buffer.from("yz"), PEER, 1)).toBe(2);
    expect(loop.entryAt(0)).toBe(0);
  });

  test("works over memory that is not shared", () => {
    const batch = new Batch(new ArrayBuffer(Batch.bytes(SIZE)), SIZE);
    batch.clear();
    batch.add(Buffer.from("x"), PEER, 1);
    batch.write(0, fields({ class: 3, rule: 2 }), Buffer.from("ann"), undefined);
    batch.publish();
    expect(readAll(batch)).toEqual([plain(fields({ class: 3, rule: 2 }), 0, "ann")]);
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "writes a record once more, for the same octets further on: seed %i",
    (seed) => {
      const { loop, thread } = twoSides();
      const { verdict, user, client } = randomRecord(seed);
      const { start, end, targetAt, authorityAt, drops } = verdict;
      const from = thread.position;
      thread.write(0, verdict, Buffer.from(user), Buffer.from(client));
      thread.publish();
      thread.writeAgain(from, thread.position, 1_000);
      thread.publish();
      const further = {
        start: start + 1_000,
        end: end + 1_000,
        targetAt: targetAt + 1_000,
        authorityAt: authorityAt + 1_000,
        drops: drops.map((word, i) => (i % 2 === 0 ? word + 1_000 : word)),
      };
      expect(readAll(loop)).toEqual([
        plain(verdict, 0, user, client),
        plain({ ...verdict, ...further }, 0, user, client),
      ]);
    },
  );

  test("refuses to write a record once more that does not fit", () => {
    const { thread } = twoSides({ ...SIZE, recordWords: 30 });
    thread.write(0, fields(), undefined, undefined);
    expect(() => thread.writeAgain(0, thread.position, 1)).toThrow(RangeError);
  });
});

interface RandomRecord {
  readonly verdict: VerdictFields;
  readonly user: string;
  readonly client: string;
}

function randomRecord(seed: number): RandomRecord {
  let drawn = 0;
  const number = (count: number): number => below(draw(seed, drawn++), count);
  const dropCount = number(12);
  const verdict = fields({
    kind: 1 + number(4),
    start: number(2 ** 20),
    end: number(2 ** 20),
    method: number(256),
    flags: number(2 ** 17),
    contentLength: number(2 ** 32) * 2 ** 17 + number(2 ** 17),
    rule: number(50_000) - 1,
    class: number(1_000),
    affinity: number(2 ** 32),
    targetAt: number(2 ** 20),
    targetLength: number(2 ** 20),
    authorityAt: number(2 ** 20),
    authorityLength: number(2 ** 20),
    refusal: number(30),
    refusalAt: number(2 ** 20),
    dropCount,
    // Longer than what is in use of it, as a thread's is.
    drops: Int32Array.from({ length: dropCount * 2 + 6 }, () => number(2 ** 20)),
  });
  return { verdict, user: "\xfc".repeat(number(20)), client: "c".repeat(number(40)) };
}
