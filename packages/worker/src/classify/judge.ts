import {
  type Address,
  affinityFor,
  type Batch,
  type Cidr,
  CONTENT,
  type CompiledRules,
  ContentFacts,
  classifyHead,
  classOf,
  compileRules,
  type DataPlaneConfig,
  DEPENDS,
  HEAD,
  HEAD_FLAG,
  HeadFacts,
  isPathAmbiguous,
  NO_AFFINITY,
  newHeadReader,
  parseCidr,
  RECORD,
  REFUSE,
  type RequestHead,
  type ResolvedClass,
  type VerdictFields,
} from "@shunt/core/judging";
import { createIdentifier } from "../identity/identifier.ts";
import type { Identifier } from "../identity/identity.ts";
import { addressFromWords, forwardedClient } from "./client-address.ts";
import { JudgedHeads } from "./judged-heads.ts";

/**
 * Frames and classifies the unread octets of client connections. The same object of code works in a classifier thread
 * on a batch, and on the event loop on a lone head: what differs is only who calls it (decision 0002).
 */
export class Judge {
  /** Rules or identity need what must not run on an event loop: expressions, signatures. */
  readonly costly: boolean;

  readonly #rules: CompiledRules;
  readonly #config: DataPlaneConfig;
  readonly #identifier: Identifier;
  readonly #trusted: readonly Cidr[];
  readonly #head: RequestHead;
  readonly #facts: HeadFacts;
  readonly #content: ContentFacts;
  /** Some rule looks at content. */
  readonly #readsContent: boolean;
  /** Some rule looks at the path, which must then have one class, however it is read. */
  readonly #comparesPaths: boolean;
  readonly #verdict: VerdictFields;
  readonly #judged = new JudgedHeads();
  #batch!: Batch;
  #entry = 0;
  #at = 0;
  #end = 0;
  #room = 0;
  /** Of the entry: octets of content that lie behind its head, or of CONTENT. */
  #contentBytes: number = CONTENT.AHEAD;
  #peerTrusted = false;
  #client!: Address;

  static async of(config: DataPlaneConfig): Promise<Judge> {
    return new Judge(config, await createIdentifier(config.identity));
  }

  private constructor(config: DataPlaneConfig, identifier: Identifier) {
    this.#rules = compileRules(config.rules, config.defaultClass);
    this.#config = config;
    this.#identifier = identifier;
    this.costly = this.#rules.costly || identifier.costly;
    this.#trusted = config.trust.peers.flatMap((text) => parseCidr(text) ?? []);
    const { names, head } = newHeadReader(config, this.#rules.reads, FIELDS_READ);
    this.#head = head;
    this.#content = new ContentFacts(this.#rules.reads.bodies);
    this.#readsContent = this.#rules.reads.bodies.length > 0;
    this.#comparesPaths = this.#rules.reads.path && !config.leniency.ambiguousPaths;
    this.#facts = new HeadFacts(this.#head, names, this.#content);
    this.#verdict = newVerdict(this.#head.lines.drops);
  }

  /** Judges one entry of a batch. A promise only where a signature has to be verified first. */
  judge(batch: Batch, entry: number): void | Promise<void> {
    const at = batch.entryAt(entry);
    this.#batch = batch;
    this.#entry = entry;
    this.#at = 0;
    this.#contentBytes = batch.entryContent(entry);
    this.#end = batch.entryLength(entry) - Math.max(this.#contentBytes, 0);
    this.#room = batch.entryRoom(entry);
    this.#peerTrusted = batch.entryTrusted(entry);
    this.#client = addressFromWords(
      batch.entryFamily(entry),
      batch.entryWord(entry, 0),
      batch.entryWord(entry, 1),
      batch.entryWord(entry, 2),
      batch.entryWord(entry, 3),
    );
    batch.begin(entry);
    this.#judged.clear();
    this.#head.load(batch.data, at, at + this.#end);
    return this.#run();
  }

  /** One head after the other, until content, a refusal or the end. */
  #run(): void | Promise<void> {
    while (this.#frame()) {
      const seconds = Math.floor(Date.now() / 1_000);
      const user = this.#identifier.identify(this.#facts, this.#peerTrusted, seconds);
      if (typeof user === "object") return user.then((name) => this.#resume(name));
      if (!this.#decide(user)) return;
    }
  }

  #resume(user: string | undefined): void | Promise<void> {
    if (this.#decide(user)) return this.#run();
  }

  /** Whether there is another whole head that is to be judged. If not, the entry's last record is written. */
  #frame(): boolean {
    const head = this.#head;
    do {
      if (this.#at === this.#end) return false;
      if (this.#room === 0 || !this.#batch.fits(MAX_RANGES, MAX_TEXT)) return this.#finish(RECORD.STOPPED);
    } while (this.#repeat());
    switch (head.judge(this.#at, this.#end, this.#peerTrusted)) {
      case HEAD.INCOMPLETE:
        this.#at = head.start;
        return this.#finish(RECORD.INCOMPLETE);
      case HEAD.REFUSED:
        return this.#refuse();
      default:
        this.#facts.of(this.#client, undefined);
        return true;
    }
  }

  /** Whether the next head is one of those before it once more: then its verdict is theirs, and is written. */
  #repeat(): boolean {
    const before = this.#judged.find(this.#head.bytes, this.#at, this.#end);
    if (before === undefined) return false;
    this.#batch.writeAgain(before.recordAt, before.recordEnd, this.#at - before.start);
    this.#batch.publish();
    this.#at += before.end - before.start;
    this.#room--;
    return true;
  }

  /** Writes the verdict on the framed head. Returns whether the entry goes on behind it. */
  #decide(user: string | undefined): boolean {
    const head = this.#head;
    const forwarded = this.#peerTrusted
      ? forwardedClient(this.#facts, this.#client, this.#trusted)
      : undefined;
    const facts = this.#facts.of(forwarded ?? this.#client, user);
    if (this.#readsContent) this.#prepareContent();
    const rule = classifyHead(facts, this.#content, this.#rules);
    if (rule !== DEPENDS && this.#isPathAmbiguous(classOf(rule, this.#rules))) {
      head.refuse(REFUSE.TARGET_AMBIGUOUS, head.targetAt);
      return this.#refuse();
    }
    const verdict = this.#verdict;
    verdict.kind = RECORD.REQUEST;
    this.#describe();
    if (rule === DEPENDS) this.#leaveOpen();
    else this.#settle(rule);
    verdict.dropCount = head.lines.dropCount;
    const recordAt = this.#batch.position;
    this.#write(user, forwarded);
    this.#judged.note(head.start, head.end, recordAt, this.#batch.position);
    this.#at = head.end;
    this.#room--;
    return !endsEntry(head.flags);
  }

  #isPathAmbiguous(cls: number): boolean {
    return this.#comparesPaths && isPathAmbiguous(this.#facts, cls, this.#classAgain);
  }

  /** The class by another reading of the path; NONE where content that has not come would decide. */
  readonly #classAgain = (): number => {
    if (this.#readsContent && this.#contentBytes === CONTENT.AHEAD) this.#prepareContent();
    const rule = classifyHead(this.#facts, this.#content, this.#rules);
    return rule === DEPENDS ? NONE : classOf(rule, this.#rules);
  };

  #settle(rule: number): void {
    const verdict = this.#verdict;
    verdict.rule = rule;
    verdict.class = classOf(rule, this.#rules);
    verdict.affinity = this.#affinity(verdict.class);
  }

  /** The head has to come again, with the content behind it. */
  #leaveOpen(): void {
    const verdict = this.#verdict;
    verdict.flags |= HEAD_FLAG.CONTENT_DECIDES;
    verdict.rule = NONE;
    verdict.class = NONE;
    verdict.affinity = NO_AFFINITY;
  }

  /** What rules may know of the content of the framed head. */
  #prepareContent(): void {
    this.#content.begin(this.#head, this.#facts, this.#config.limits.classifyBodyBytes);
    if (this.#contentBytes !== CONTENT.AHEAD) this.#takeContent(this.#contentBytes);
  }

  /** The content was waited for: it lies behind the head, or there is too much of it. */
  #takeContent(octets: number): void {
    this.#head.withdrawExpectation();
    const at = this.#batch.entryAt(this.#entry) + this.#end;
    if (octets === CONTENT.TOO_MUCH) this.#content.giveUp();
    else this.#content.read(this.#batch.data.subarray(at, at + octets));
  }

  #affinity(cls: number): number {
    const { classes, pools } = this.#config;
    const { pool, spill } = classes[cls] as ResolvedClass;
    if (pools[pool]?.hashOn === undefined && pools[spill]?.hashOn === undefined) return NO_AFFINITY;
    return affinityFor(this.#facts, classes[cls] as ResolvedClass, pools);
  }

  #refuse(): false {
    const verdict = this.#verdict;
    verdict.kind = RECORD.REFUSED;
    this.#describe();
    // Nothing of the head that was judged before may stay: it may be another client's.
    verdict.rule = NONE;
    verdict.class = NONE;
    verdict.affinity = NO_AFFINITY;
    verdict.refusal = this.#head.refusal;
    verdict.refusalAt = this.#head.refusalAt;
    verdict.dropCount = 0;
    this.#write(undefined, undefined);
    verdict.refusal = 0;
    return false;
  }

  #finish(kind: number): false {
    const verdict = this.#verdict;
    verdict.kind = kind;
    verdict.start = this.#at;
    verdict.end = this.#at;
    verdict.dropCount = 0;
    this.#write(undefined, undefined);
    return false;
  }

  #describe(): void {
    const head = this.#head;
    const verdict = this.#verdict;
    verdict.start = head.start;
    verdict.end = head.end;
    verdict.method = head.method;
    verdict.flags = head.flags;
    verdict.contentLength = head.contentLength;
    verdict.targetAt = head.targetAt;
    verdict.targetLength = head.targetLength;
    verdict.authorityAt = head.authorityAt;
    verdict.authorityLength = head.authorityLength;
    verdict.maxForwards = head.maxForwards;
  }

  #write(user: string | undefined, client: Address | undefined): void {
    this.#batch.write(
      this.#entry,
      this.#verdict,
      user === undefined ? undefined : Buffer.from(user),
      client === undefined ? undefined : Buffer.from(client.text),
    );
    this.#batch.publish();
  }
}

/** No rule, no class. */
const NONE = -1;

/** Ranges and octets of text that one record can need at most: PARSER_FIELDS / 2 ranges, a user, an address. */
const MAX_RANGES = 257;
const MAX_TEXT = 1_200;

/** Behind content, an upgrade or a last request of its connection there is no head that could be read now. */
function endsEntry(flags: number): boolean {
  return (flags & (HEAD_FLAG.CONTENT | HEAD_FLAG.UPGRADE)) !== 0 || (flags & HEAD_FLAG.PERSISTENT) === 0;
}

/** Names of the fields that are asked for here, and not by rules. */
const FIELDS_READ = ["authorization", "cookie", "x-forwarded-for", "forwarded"];

function newVerdict(drops: Int32Array): VerdictFields {
  return {
    kind: 0,
    start: 0,
    end: 0,
    method: 0,
    flags: 0,
    contentLength: 0,
    rule: -1,
    class: 0,
    affinity: 0,
    targetAt: 0,
    targetLength: 0,
    authorityAt: 0,
    authorityLength: 0,
    refusal: 0,
    refusalAt: 0,
    maxForwards: -1,
    dropCount: 0,
    drops,
  };
}
