/**
 * The memory that the event loop and a classifier thread share for one batch of unread octets.
 *
 *   control   how many entries there are; progress of the thread, read with Atomics
 *   entries   one per client connection: where its octets lie, and who the peer is
 *   data      the octets
 *   records   verdicts, one after the other, of variable length; published one by one
 *
 * No object crosses: a thread that hangs or dies leaves behind exactly the verdicts that it had published.
 */

/** Words of control. */
const PUBLISHED = 0;
const CURRENT = 1;
const ENTRIES = 2;
const CONTROL_WORDS = 4;

/** Words of an entry. */
const ENTRY_AT = 0;
const ENTRY_LENGTH = 1;
const ENTRY_FAMILY = 2;
const ENTRY_TRUSTED = 3;
const ENTRY_ROOM = 4;
const ENTRY_ADDRESS = 5;
const ENTRY_CONTENT = 9;
const ENTRY_WORDS = 10;

/**
 * What an entry says about content; any other number is that of the octets of content, without chunks around them, that
 * lie behind the one head of the entry.
 */
export const CONTENT = Object.freeze({
  /** The entry is what a client sent: heads. Of their content nothing is known yet. */
  AHEAD: -1,
  /** The entry is one head whose content was waited for in vain: there is too much of it. */
  TOO_MUCH: -2,
} as const);

/** What a record is about. */
export const RECORD = Object.freeze({
  /** A request that may go on. */
  REQUEST: 1,
  /** A request that is refused; nothing behind it on this connection is read. */
  REFUSED: 2,
  /** The last of its entry: what lies behind `end` was not read, since a head is incomplete. */
  INCOMPLETE: 3,
  /**
   * The last of its entry: what lies behind `end` was not looked at, since the entry's room for requests is used up, or
   * the batch's for verdicts. The second has nothing to do with the entry: those before it have taken it.
   */
  STOPPED: 4,
} as const);

/** Words of a record, before its ranges and texts. */
const R_KIND = 0;
const R_ENTRY = 1;
const R_START = 2;
const R_END = 3;
const R_METHOD = 4;
const R_FLAGS = 5;
const R_LENGTH_HIGH = 6;
const R_LENGTH_LOW = 7;
const R_RULE = 8;
const R_CLASS = 9;
const R_AFFINITY = 10;
const R_TARGET_AT = 11;
const R_TARGET_LENGTH = 12;
const R_AUTHORITY_AT = 13;
const R_AUTHORITY_LENGTH = 14;
const R_REFUSAL = 15;
const R_REFUSAL_AT = 16;
const R_DROPS = 17;
const R_USER_BYTES = 18;
const R_CLIENT_BYTES = 19;
const R_MAX_FORWARDS = 20;
const RECORD_WORDS = 21;

export interface BatchSize {
  readonly entries: number;
  readonly dataBytes: number;
  readonly recordWords: number;
}

const TWO_32 = 2 ** 32;

/** One side's view of a batch; both sides make one over the same memory. */
export class Batch {
  readonly memory: ArrayBufferLike;
  readonly data: Uint8Array;
  readonly size: BatchSize;
  /** Octets in use; the side that fills the batch knows. */
  dataUsed = 0;

  readonly #control: Int32Array;
  readonly #entries: Int32Array;
  readonly #records: Int32Array;
  readonly #recordBytes: Buffer;
  /** Where the next record is written, or read. */
  #at = 0;
  #written = 0;
  #texts = 0;

  constructor(memory: ArrayBufferLike, size: BatchSize) {
    const entriesAt = CONTROL_WORDS * 4;
    const recordsAt = entriesAt + size.entries * ENTRY_WORDS * 4;
    const dataAt = recordsAt + size.recordWords * 4;
    this.memory = memory;
    this.size = size;
    this.#control = new Int32Array(memory, 0, CONTROL_WORDS);
    this.#entries = new Int32Array(memory, entriesAt, size.entries * ENTRY_WORDS);
    this.#records = new Int32Array(memory, recordsAt, size.recordWords);
    this.#recordBytes = Buffer.from(memory as ArrayBuffer, recordsAt, size.recordWords * 4);
    this.data = new Uint8Array(memory, dataAt, size.dataBytes);
  }

  static bytes(size: BatchSize): number {
    return (CONTROL_WORDS + size.entries * ENTRY_WORDS + size.recordWords) * 4 + size.dataBytes;
  }

  // The event loop fills a batch.

  /** Forgets everything; before the first entry. */
  clear(): void {
    this.#control[ENTRIES] = 0;
    this.dataUsed = 0;
    this.rewind();
    Atomics.store(this.#control, PUBLISHED, 0);
    Atomics.store(this.#control, CURRENT, -1);
  }

  /**
   * Adds a connection's unread octets, as many as fit. Returns how many, or 0 when the batch is full.
   * @param content octets of content among them, or of CONTENT
   */
  add(octets: Uint8Array, peer: EntryPeer, room: number, content: number = CONTENT.AHEAD): number {
    const length = Math.min(octets.length, this.size.dataBytes - this.dataUsed);
    const { entries } = this;
    if (entries === this.size.entries || length === 0) return 0;
    this.#control[ENTRIES] = entries + 1;
    const e = entries * ENTRY_WORDS;
    this.#entries[e + ENTRY_AT] = this.dataUsed;
    this.#entries[e + ENTRY_LENGTH] = length;
    this.#entries[e + ENTRY_FAMILY] = peer.family;
    this.#entries[e + ENTRY_TRUSTED] = peer.trusted ? 1 : 0;
    this.#entries[e + ENTRY_ROOM] = room;
    this.#entries[e + ENTRY_CONTENT] = content;
    for (let i = 0; i < 4; i++) this.#entries[e + ENTRY_ADDRESS + i] = peer.words[i] as number;
    this.data.set(length === octets.length ? octets : octets.subarray(0, length), this.dataUsed);
    this.dataUsed += length;
    return length;
  }

  /** Entries in use. The thread may ask once it was told that the batch is its. */
  get entries(): number {
    return this.#control[ENTRIES] as number;
  }

  /** The entry that the thread works on, -1 before the first; its count of entries behind the last. */
  get current(): number {
    return Atomics.load(this.#control, CURRENT);
  }

  /** Records that were published so far. */
  get published(): number {
    return Atomics.load(this.#control, PUBLISHED);
  }

  // A thread reads entries and writes records.

  begin(entry: number): void {
    Atomics.store(this.#control, CURRENT, entry);
  }

  entryAt(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_AT] as number;
  }

  entryLength(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_LENGTH] as number;
  }

  entryTrusted(entry: number): boolean {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_TRUSTED] === 1;
  }

  /** How many requests of this entry may be read now. */
  entryRoom(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_ROOM] as number;
  }

  /** How many of its octets are content, or of CONTENT. */
  entryContent(entry: number): number {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_CONTENT] as number;
  }

  entryFamily(entry: number): 4 | 6 {
    return this.#entries[entry * ENTRY_WORDS + ENTRY_FAMILY] === 6 ? 6 : 4;
  }

  entryWord(entry: number, i: number): number {
    return (this.#entries[entry * ENTRY_WORDS + ENTRY_ADDRESS + i] as number) >>> 0;
  }

  /**
   * Whether a record with so many ranges and octets of text (of user and client together) would fit, and behind it a
   * last one without either for every entry: those are written without being asked about.
   */
  fits(ranges: number, textBytes: number): boolean {
    const last = RECORD_WORDS * this.size.entries;
    // Each text begins at a word: two may need one word more than their octets together.
    const words = RECORD_WORDS + ranges * 2 + wordsOf(textBytes) + 1;
    return this.#at + words + last <= this.size.recordWords;
  }

  /**
   * Writes a record; nobody sees it before `publish`.
   * @throws RangeError when it does not fit: `fits` was not asked, or was told less.
   */
  write(
    entry: number,
    verdict: VerdictFields,
    user: Uint8Array | undefined,
    client: Uint8Array | undefined,
  ): void {
    const r = this.#records;
    const at = this.#at;
    const words =
      RECORD_WORDS + verdict.dropCount * 2 + wordsOf(user?.length ?? 0) + wordsOf(client?.length ?? 0);
    if (at + words > this.size.recordWords)
      throw new RangeError(`Cannot write a record of ${words} words at ${at} of ${this.size.recordWords}`);
    r[at + R_KIND] = verdict.kind;
    r[at + R_ENTRY] = entry;
    r[at + R_START] = verdict.start;
    r[at + R_END] = verdict.end;
    r[at + R_METHOD] = verdict.method;
    r[at + R_FLAGS] = verdict.flags;
    r[at + R_LENGTH_HIGH] = Math.floor(verdict.contentLength / TWO_32);
    r[at + R_LENGTH_LOW] = (verdict.contentLength % TWO_32) | 0;
    r[at + R_RULE] = verdict.rule;
    r[at + R_CLASS] = verdict.class;
    r[at + R_AFFINITY] = verdict.affinity | 0;
    r[at + R_TARGET_AT] = verdict.targetAt;
    r[at + R_TARGET_LENGTH] = verdict.targetLength;
    r[at + R_AUTHORITY_AT] = verdict.authorityAt;
    r[at + R_AUTHORITY_LENGTH] = verdict.authorityLength;
    r[at + R_REFUSAL] = verdict.refusal;
    r[at + R_REFUSAL_AT] = verdict.refusalAt;
    r[at + R_DROPS] = verdict.dropCount;
    r[at + R_MAX_FORWARDS] = verdict.maxForwards;
    r[at + R_USER_BYTES] = user === undefined ? -1 : user.length;
    r[at + R_CLIENT_BYTES] = client === undefined ? -1 : client.length;
    this.#at = at + RECORD_WORDS;
    for (let i = 0; i < verdict.dropCount * 2; i++) r[this.#at++] = verdict.drops[i] as number;
    if (user !== undefined) this.#writeText(user);
    if (client !== undefined) this.#writeText(client);
  }

  /** Where the next record is written, in words. */
  get position(): number {
    return this.#at;
  }

  /**
   * Writes a record of this entry once more, for a head of the same octets that lies `by` octets behind. `from`, `to`: the
   * positions before and behind that record.
   * @throws RangeError when it does not fit, as `write`
   */
  writeAgain(from: number, to: number, by: number): void {
    const r = this.#records;
    const at = this.#at;
    if (at + to - from > this.size.recordWords)
      throw new RangeError(
        `Cannot write a record of ${to - from} words at ${at} of ${this.size.recordWords}`,
      );
    for (let i = from; i < to; i++) r[at + i - from] = r[i] as number;
    (r[at + R_START] as number) += by;
    (r[at + R_END] as number) += by;
    (r[at + R_TARGET_AT] as number) += by;
    (r[at + R_AUTHORITY_AT] as number) += by;
    const drops = at + RECORD_WORDS;
    for (let i = 0; i < (r[at + R_DROPS] as number); i++) (r[drops + i * 2] as number) += by;
    this.#at = at + to - from;
  }

  publish(): void {
    Atomics.store(this.#control, PUBLISHED, ++this.#written);
  }

  /** The next record is the first one: before a thread writes any, and before the event loop reads them, as they were published. */
  rewind(): void {
    this.#at = 0;
    this.#written = 0;
  }

  // The event loop reads records.

  /** Reads the next record into `into`. Offsets count from the start of the entry. */
  read(into: Verdict): void {
    const r = this.#records;
    const at = this.#at;
    into.kind = r[at + R_KIND] as number;
    into.entry = r[at + R_ENTRY] as number;
    into.start = r[at + R_START] as number;
    into.end = r[at + R_END] as number;
    into.method = r[at + R_METHOD] as number;
    into.flags = r[at + R_FLAGS] as number;
    into.contentLength =
      (r[at + R_LENGTH_HIGH] as number) * TWO_32 + ((r[at + R_LENGTH_LOW] as number) >>> 0);
    into.rule = r[at + R_RULE] as number;
    into.class = r[at + R_CLASS] as number;
    into.affinity = (r[at + R_AFFINITY] as number) >>> 0;
    into.targetAt = r[at + R_TARGET_AT] as number;
    into.targetLength = r[at + R_TARGET_LENGTH] as number;
    into.authorityAt = r[at + R_AUTHORITY_AT] as number;
    into.authorityLength = r[at + R_AUTHORITY_LENGTH] as number;
    into.refusal = r[at + R_REFUSAL] as number;
    into.refusalAt = r[at + R_REFUSAL_AT] as number;
    into.dropCount = r[at + R_DROPS] as number;
    into.maxForwards = r[at + R_MAX_FORWARDS] as number;
    const ranges = at + RECORD_WORDS;
    into.drops = r.subarray(ranges, ranges + into.dropCount * 2);
    this.#texts = ranges + into.dropCount * 2;
    into.user = this.#readText(r[at + R_USER_BYTES] as number);
    into.client = this.#readText(r[at + R_CLIENT_BYTES] as number);
    this.#at = this.#texts;
  }

  #writeText(text: Uint8Array): void {
    this.#recordBytes.set(text, this.#at * 4);
    this.#at += wordsOf(text.length);
  }

  #readText(bytes: number): string | undefined {
    if (bytes < 0) return undefined;
    const at = this.#texts * 4;
    this.#texts += wordsOf(bytes);
    return this.#recordBytes.toString("utf8", at, at + bytes);
  }
}

function wordsOf(bytes: number): number {
  return (bytes + 3) >> 2;
}

/** Who is at the other end of a client connection, as far as classification cares. */
export interface EntryPeer {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly trusted: boolean;
}

/** What a thread fills in of a record. */
export interface VerdictFields {
  kind: number;
  start: number;
  end: number;
  method: number;
  flags: number;
  contentLength: number;
  rule: number;
  class: number;
  affinity: number;
  targetAt: number;
  targetLength: number;
  authorityAt: number;
  authorityLength: number;
  refusal: number;
  refusalAt: number;
  /** What is sent as Max-Forwards; -1 is none. */
  maxForwards: number;
  dropCount: number;
  drops: Int32Array;
}

/** A record as the event loop reads it; `drops` lies in the batch and holds until the batch is used again. */
export class Verdict implements VerdictFields {
  kind = 0;
  entry = 0;
  start = 0;
  end = 0;
  method = 0;
  flags = 0;
  contentLength = 0;
  rule = -1;
  class = 0;
  affinity = 0;
  targetAt = 0;
  targetLength = 0;
  authorityAt = 0;
  authorityLength = 0;
  refusal = 0;
  refusalAt = 0;
  maxForwards = -1;
  dropCount = 0;
  drops: Int32Array = new Int32Array(0);
  /** Who the user is, verified; undefined when nobody was identified. */
  user: string | undefined = undefined;
  /** The client's address when a trusted peer told another than its own. */
  client: string | undefined = undefined;
}
