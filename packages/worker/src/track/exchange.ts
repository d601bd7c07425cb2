import {
  type BodyFraming,
  HEAD_FLAG,
  METHOD,
  methodName,
  NONE_TRIED,
  type PoolRefusal,
  REFUSALS,
  REFUSE,
  type Refusal,
  type Snapshot,
  type Tried,
  type Verdict,
} from "@shunt/core";
import type { ClientConnection } from "../accept/client-connection.ts";
import type { Inquiry } from "../classify/inquiry.ts";
import type { Attempt } from "./attempt.ts";

/**
 * received -> waiting -> (inquiring ->) connecting -> sending -> answering -> settled.
 * Words are those of docs/lifecycle/exchange.md.
 */
export type ExchangeState = "waiting" | "inquiring" | "connecting" | "sending" | "answering" | "settled";

/**
 * A request with its responses: who is waiting for what. It belongs to one client connection, lies in that
 * connection's queue until its last octet was handed on, and keeps the snapshot that its class was decided by.
 */
export class Exchange {
  state: ExchangeState = "waiting";
  /** The exchange behind it on the same client connection. */
  next: Exchange | undefined = undefined;

  readonly client: ClientConnection;
  /** By which it was decided. */
  snapshot: Snapshot;
  /** Set once: the head as it is sent to a server. */
  requestHead: Uint8Array = NOTHING;

  // What the verdict says; offsets count from the start of `received`.
  readonly received: Buffer;
  readonly method: number;
  readonly flags: number;
  readonly contentLength: number;
  /** Of an exchange whose content decides there is no rule and no class, before it was judged with its content. */
  rule: number;
  class: number;
  affinity: number;
  readonly targetAt: number;
  readonly targetLength: number;
  readonly authorityAt: number;
  readonly authorityLength: number;
  user: string | undefined;
  /** The client as rules see it, when a trusted peer told another than itself. */
  forwardedClient: string | undefined;

  /** One of REFUSE; 0 when the request may go on. */
  refusal = REFUSE.NONE as number;

  // The request's content.
  /** Its content decides what class it is of, and is waited for. */
  inquiry: Inquiry | undefined = undefined;
  /** The content that its class was decided by, without chunks around it. */
  judgedContent: Buffer | undefined = undefined;
  /** The client was told by us to go on with its content: 100 (Continue). */
  invited = false;
  content: BodyFraming | undefined = undefined;
  /** Octets of content that were taken to be handed on, with what frames them. */
  contentTaken = 0;
  /** All content was handed on, or there is none. */
  contentSent: boolean;
  /** Content sent so far, kept for another attempt; undefined when it was too much to keep. */
  replay: Uint8Array[] | undefined = undefined;
  replayBytes = 0;

  // The current attempt, and those before.
  attempt: Attempt | undefined = undefined;
  history: readonly Attempt[] = NO_ATTEMPTS;
  /** Servers that have failed it, by index in its pool and in its spill pool. */
  tried: Tried = NONE_TRIED;

  /** What is told to the server as X-Request-Id, and stands in the log. */
  id = "";

  // The response.
  status = 0;
  /** The head of the final response was handed on, or stands in `held`: no other may follow. */
  headSent = false;
  /** Every octet of the response was handed on, or stands in `held`. */
  answered = false;
  /** Response octets that wait for the exchanges before this one. */
  held: Uint8Array[] | undefined = undefined;
  heldBytes = 0;
  /** The response broke off: after what is right the client connection ends. */
  cut = false;
  /** The body comes without a length and is handed on in chunks. */
  enchunked = false;
  /** The end of the client connection is the end of the body, and all that the client has of it. */
  untilClose = false;
  /** The client connection closes behind this response. */
  closes = false;
  bytesIn = 0;
  bytesOut = 0;
  /** How it ended: HAProxy's two letters, "--" when nothing went wrong. */
  ended = "--";
  failure: string | undefined = undefined;
  /** Why no server of its class's own pool took it, when it was asked for last; undefined: one did, or none was asked. */
  unserved: PoolRefusal | undefined = undefined;

  // Times, in milliseconds of the monotonic clock; 0 is not reached.
  readonly beganAt: number;
  readonly headAt: number;
  classifiedAt: number;
  startedAt = 0;
  connectedAt = 0;
  answerAt = 0;
  dueAt = 0;

  /** `received`: the octets of the head, from `verdict.start` to `verdict.end`. */
  constructor(client: ClientConnection, snapshot: Snapshot, verdict: Verdict, received: Buffer, now: number) {
    const { start } = verdict;
    this.client = client;
    this.snapshot = snapshot;
    this.received = received;
    this.method = verdict.method;
    this.flags = verdict.flags;
    this.contentLength = verdict.contentLength;
    this.rule = verdict.rule;
    this.class = verdict.class;
    this.affinity = verdict.affinity;
    // Of a head without target or authority the offsets mean nothing.
    this.targetAt = verdict.targetLength === 0 ? 0 : verdict.targetAt - start;
    this.targetLength = verdict.targetLength;
    this.authorityAt = verdict.authorityLength === 0 ? 0 : verdict.authorityAt - start;
    this.authorityLength = verdict.authorityLength;
    this.user = verdict.user;
    this.forwardedClient = verdict.client;
    if (verdict.refusal !== REFUSE.NONE) this.refused(verdict.refusal);
    else if ((verdict.flags & HEAD_FLAG.PERSISTENT) === 0) client.lastRequestSeen = true;
    this.bytesIn = received.length;
    this.beganAt = client.unreadAt;
    this.headAt = client.headAt;
    this.classifiedAt = now;
    this.contentSent = (verdict.flags & HEAD_FLAG.CONTENT) === 0;
  }

  /** It was judged once more, with its content: what that verdict says stands. */
  decided(verdict: Verdict, snapshot: Snapshot, now: number): void {
    this.snapshot = snapshot;
    this.rule = verdict.rule;
    this.class = verdict.class;
    this.affinity = verdict.affinity;
    this.user = verdict.user;
    this.forwardedClient = verdict.client;
    // The time that it took was neither its predecessors' nor the server's.
    this.classifiedAt += now - this.startedAt;
    this.startedAt = now;
  }

  /** So many octets of its content have come, from the first one on. Those that were looked at before count once. */
  contentCame(octets: number): void {
    this.bytesIn = Math.max(this.bytesIn, this.received.length + octets);
  }

  /** An attempt was made; `connected`: its connection was there already. */
  began(attempt: Attempt, connected: boolean): void {
    this.attempt = attempt;
    this.history = this.history.length === 0 ? [attempt] : [...this.history, attempt];
    this.state = connected ? "sending" : "connecting";
    this.connectedAt = connected ? attempt.startedAt : 0;
  }

  /** Attempts, less those that only met a connection that its server was closing. */
  get tries(): number {
    return this.history.reduce((tries, { stale }) => tries + (stale ? 0 : 1), 0);
  }

  /** The head of the final response is there. */
  answers(status: number, now: number): void {
    this.state = "answering";
    this.status = status;
    this.headSent = true;
    this.answerAt = now;
  }

  /** A rule of REFUSE holds against it. */
  refused(refusal: number): void {
    const { rule, status } = REFUSALS[refusal] as Refusal;
    this.refusal = refusal;
    this.ended = endOf(refusal);
    this.failure = rule;
    if (!this.headSent) this.status = status;
    this.client.lastRequestSeen = true;
  }

  /** Its client left, or will get no more. */
  abandoned(status: number): void {
    if (this.ended === "--") this.ended = LEFT[this.state];
    if (this.status === 0) this.status = status;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** It may run beside its neighbours: safe, without content, and nothing about it belongs to the connection. */
  get parallel(): boolean {
    return (this.flags & ORDER_FLAGS) === HEAD_FLAG.SAFE;
  }

  /** It is the oldest that the client waits for: its response may leave. */
  get due(): boolean {
    return this.client.queue.first === this;
  }

  /** As it was sent; "" when the request line was not understood. */
  get methodName(): string {
    if (this.method !== METHOD.UNREGISTERED) return methodName(this.method) ?? "";
    const { received } = this;
    return received.latin1Slice(0, Math.max(0, received.indexOf(SP)));
  }

  /** As it was sent to the server: origin-form, or asterisk-form. */
  get target(): string {
    return targetOf(this.received, this.targetAt, this.targetLength, this.flags);
  }

  /** Host and port as the client named them. */
  get authority(): string {
    return this.received.latin1Slice(this.authorityAt, this.authorityAt + this.authorityLength);
  }
}

/** How an exchange ends that its client leaves, by how far it has come: HAProxy's letters. */
const LEFT = Object.freeze({
  waiting: "CQ",
  inquiring: "CR",
  connecting: "CC",
  sending: "CH",
  answering: "CD",
  settled: "CD",
} as const satisfies Record<ExchangeState, string>);

/** The client was late, or left, or we refused. */
function endOf(refusal: number): string {
  if (BY_TIME.has(refusal)) return "cR";
  return refusal === REFUSE.CONTENT_INCOMPLETE ? "CR" : "PR";
}

/** Refusals that a time limit of the client brings. */
const BY_TIME: ReadonlySet<number> = new Set([REFUSE.HEAD_TIMEOUT, REFUSE.BODY_TIMEOUT, REFUSE.BODY_RATE]);
const ORDER_FLAGS = HEAD_FLAG.SAFE | HEAD_FLAG.CONTENT | HEAD_FLAG.UPGRADE | HEAD_FLAG.BOUND;
const SP = 0x20;
const NOTHING = new Uint8Array(0);
const NO_ATTEMPTS: readonly Attempt[] = Object.freeze([]);

/** The target that stands in a head, as it is sent to a server. `flags` are those of the head. */
export function targetOf(head: Buffer, at: number, length: number, flags: number): string {
  const target = head.latin1Slice(at, at + length);
  if ((flags & HEAD_FLAG.EMPTY_PATH) === 0) return target;
  return target === "" && (flags & HEAD_FLAG.OPTIONS_METHOD) !== 0 ? "*" : `/${target}`;
}
