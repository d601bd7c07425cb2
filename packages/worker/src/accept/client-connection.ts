import type { Socket } from "node:net";
import {
  type Address,
  areEmptyLines,
  CONTENT,
  type DataPlaneConfig,
  type Endpoints,
  type EntryPeer,
  FIXED,
  HEAD_FLAG,
  type Snapshot,
  type Verdict,
} from "@shunt/core";
import type { Backlog } from "../classify/backlog.ts";
import type { Rest, Unread } from "../classify/dispatch.ts";
import { ForwardedBy } from "../forward/request-writer.ts";
import { GrowingOctets } from "../io/growing-octets.ts";
import { mayCompleteHead } from "../io/head-completion.ts";
import { Outbox } from "../io/outbox.ts";
import { type ReadBuffers, Reader } from "../io/read-buffers.ts";
import { Deadline, type TimerWheel } from "../io/timer-wheel.ts";
import type { Turn } from "../io/turn.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Exchange } from "../track/exchange.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import { Lingering } from "./lingering.ts";
import type { OpenSocket } from "./listener.ts";
import { OwnConnections } from "./own-connections.ts";
import type { Peer, Peers } from "./peers.ts";
import { ReadingPace } from "./reading-pace.ts";
import { SendingPace } from "./sending-pace.ts";

/** What happens on a client connection, told to whoever serves it. */
export interface ClientEvents {
  /** Unread octets begin with a head that may be complete; it is `now`. */
  heads(client: ClientConnection, now: number): void;
  judged(client: ClientConnection, verdict: Verdict, snapshot: Snapshot): void;
  judgedAll(client: ClientConnection, stuck: boolean): void;
  /** Unread octets are content of the youngest exchange. */
  content(client: ClientConnection): void;
  /** The same for octets that lie in `buffer`. Returns false when they cannot be handed on now. */
  contentIn(client: ClientConnection, octets: Buffer, buffer: Uint8Array): boolean;
  tunnelled(client: ClientConnection, octets: Uint8Array): void;
  /** The client will send nothing more. */
  ended(client: ClientConnection): void;
  /** The connection is gone, whoever ended it. */
  gone(client: ClientConnection, reason: string): void;
  /** The client reads again. */
  writable(client: ClientConnection): void;
  /** A time limit passed: of a head, of content, of an idle connection, or of a client that does not read. */
  late(client: ClientConnection): void;
}

export interface ClientParts {
  readonly peers: Peers;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly readBuffers: ReadBuffers;
  readonly backlog: Backlog;
  readonly events: ClientEvents;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
}

/**
 * heads: unread octets are heads of requests. content: they are content of the youngest exchange. tunnel: they are
 * another protocol. closing: what comes is thrown away, until the client has read our last words. closed: gone.
 */
export type ClientPhase = "heads" | "content" | "tunnel" | "closing" | "closed";

const EMPTY = Buffer.alloc(0);

/** A first connection (claim C1): requests one behind the other, and the queue of those not yet answered. */
export class ClientConnection implements Unread {
  peer: EntryPeer;
  /** Name of the listener that it has come by. */
  readonly listener: string;
  readonly address: Address;
  /** The client, and what it has connected to. */
  readonly ends: Endpoints;
  readonly content = CONTENT.AHEAD;
  readonly outbox: Outbox;
  phase: ClientPhase = "heads";

  /** Received and not yet read. While a thread judges it, it only grows at its end. */
  unread: Buffer = EMPTY;
  classifying = false;
  /** What is unread is the beginning of a head; the rest of it has not come. */
  partial = false;
  /** When the first octet of `unread` came, and the last of those that were sent to be judged. */
  unreadAt = 0;
  headAt = 0;

  readonly queue = new ExchangeQueue();
  /** Its listener is there no more: its next response is its last. */
  leaving: boolean;
  /** No request behind the youngest exchange is read. */
  lastRequestSeen = false;
  /** Sent FIN: what it still gets are answers. */
  halfClosed = false;
  /** Exchanges that this connection has brought. */
  requests = 0;
  /** The server takes no more content for now. */
  contentBlocked = false;
  /** The attempt that the tunnel belongs to. */
  tunnel: Attempt | undefined = undefined;
  /** How fast its content comes. */
  readonly sending = new SendingPace();
  /** Idle server connections that serve this client alone. */
  readonly own = new OwnConnections();

  readonly #socket: Socket;
  readonly #reader: Reader;
  readonly #events: ClientEvents;
  readonly #deadline: Deadline;
  #forwardedBy: ForwardedBy | undefined;
  readonly #speaker: Address | undefined;
  #config: DataPlaneConfig;
  #reading = true;
  /** When the last octets of heads came. */
  #receivedAt = 0;
  readonly #wheel: TimerWheel;
  readonly #backlog: Backlog;
  readonly #clock: () => number;
  /** Octets of ours in the backlog. */
  #beingJudged = 0;
  readonly #pace = new ReadingPace();
  readonly #lingering = new Lingering();
  readonly #growing = new GrowingOctets();
  /** Empty lines that were passed over, and that count together with those that follow. Then nothing is unread. */
  #emptyLines: Buffer = EMPTY;

  /** `named`: who the peer is, if it was told by a PROXY header. */
  constructor(open: OpenSocket, listener: string, config: DataPlaneConfig, parts: ClientParts, named?: Peer) {
    this.listener = listener;
    this.#reader = new Reader(parts.readBuffers);
    const socket = open({
      buffer: () => this.#nextBuffer(),
      callback: (octets, buffer) => this.#read(octets, buffer),
    });
    const peer = named ?? parts.peers.of(socket);
    const { address } = peer.source;
    this.address = address;
    this.peer = { family: address.family, words: address.words, trusted: peer.trusted };
    this.ends = peer;
    this.#speaker = peer.speaker;
    this.#socket = socket;
    this.#events = parts.events;
    this.#wheel = parts.wheel;
    this.#backlog = parts.backlog;
    this.#clock = parts.clock;
    this.#config = config;
    // Whoever waited in its queue comes when it is there no more.
    this.leaving = this.#isLeaving(config);
    this.outbox = new Outbox(socket, parts.turn, parts.readBuffers, () => this.#events.writable(this));
    this.#deadline = new Deadline(parts.wheel, () => this.#late());
    this.#deadline.set(config.timeouts.clientIdleMs);
    socket
      .on("end", () => this.#ended())
      .on("error", (error: NodeJS.ErrnoException) => this.#closed(error.code ?? error.message))
      .on("close", () => this.#closed("closed"));
    this.regulate();
  }

  get config(): DataPlaneConfig {
    return this.#config;
  }

  /** A new snapshot holds. Its requests in flight keep theirs; who it is to us, and its listener, are of now. */
  adopt(config: DataPlaneConfig, peers: Peers): void {
    const { family, words } = this.peer;
    this.peer = { family, words, trusted: peers.trusts(this.#speaker) };
    this.leaving = this.#isLeaving(config);
    const { clientIdleMs } = this.#config.timeouts;
    if (!this.isIdle) return;
    this.#config = config;
    if (config.timeouts.clientIdleMs !== clientIdleMs) this.#deadline.set(config.timeouts.clientIdleMs);
  }

  #isLeaving({ listeners }: DataPlaneConfig): boolean {
    return listeners.every(({ name }) => name !== this.listener);
  }

  /** Requests that may be read now. What follows an upgrade may be of another protocol: nobody looks at it yet. */
  get room(): number {
    if (this.queue.last?.has(HEAD_FLAG.UPGRADE)) return 0;
    return Math.max(0, this.#config.limits.pipelineDepth - this.queue.depth);
  }

  // Unread: the dispatcher's side.

  judged(verdict: Verdict, snapshot: Snapshot): void {
    // Verdicts may come behind one that ended the connection: nobody acts on them.
    if (this.phase === "heads") this.#events.judged(this, verdict, snapshot);
  }

  judgedAll(read: number, rest: Rest): void {
    this.classifying = false;
    this.#backlog.remove(this.#beingJudged, this.#config.limits.headsBufferBytes);
    this.#beingJudged = 0;
    if (this.phase === "closed" || this.phase === "closing") return;
    this.consume(read);
    this.partial = rest === "partial" && this.unread.length > 0;
    this.#events.judgedAll(this, rest === "stuck");
  }

  // The queue.

  append(exchange: Exchange): void {
    this.#config = exchange.snapshot.config;
    this.queue.append(exchange);
    this.requests++;
  }

  /** The next exchange that may start now. */
  takeStartable(): Exchange | undefined {
    return this.queue.takeStartable(this.#config.limits.responseBufferBytes);
  }

  /** Takes the oldest exchange, whose response is complete, off the queue. */
  shift(): void {
    this.queue.shift();
    // The head that has begun behind it has its own time limit, which begins here: nothing else is waited for now.
    if (this.queue.depth === 0 && this.unread.length > 0) this.#deadline.set(this.#config.timeouts.headMs);
  }

  /** Everybody in the queue was given up. */
  forgetQueue(): void {
    this.queue.clear();
    this.tunnel = undefined;
  }

  /**
   * So many octets of answers wait for the client to read them that no further request is read: who asks without
   * listening fills no memory. `writable` tells when that has changed.
   */
  owesTooMuch(): boolean {
    return this.outbox.isFull(this.#config.limits.responseBufferBytes);
  }

  /**
   * Content is waited for. Not when its request is answered already: a client that was told 413, or got no 100, does
   * well to send nothing more, and may still be reading.
   */
  get owesContent(): boolean {
    return this.phase === "content" && !this.contentBlocked && this.queue.last?.headSent === false;
  }

  /** Content is waited for, and no more comes. */
  get breaksContentOff(): boolean {
    return this.halfClosed && this.owesContent;
  }

  /** A head is waited for, and nothing else. */
  get owesHead(): boolean {
    return this.phase === "heads" && this.queue.depth === 0 && !this.classifying && this.outbox.pending === 0;
  }

  /** Nothing is asked, nothing is owed. */
  get isIdle(): boolean {
    return this.phase === "heads" && this.queue.depth === 0 && this.unread.length === 0 && !this.classifying;
  }

  /** It is the youngest, and there is nothing unread behind it. */
  asksNoMoreThan(exchange: Exchange): boolean {
    return this.queue.last === exchange && this.unread.length === 0 && !this.classifying;
  }

  /** Nothing is owed, and nothing will be asked any more. */
  get isOver(): boolean {
    if (this.queue.depth > 0 || this.classifying) return false;
    return this.lastRequestSeen || (this.halfClosed && (this.unread.length === 0 || this.partial));
  }

  /** Whether the client has taken nothing of what has waited for it since this was last asked. */
  stalled(): boolean {
    return this.#pace.stalled(this.outbox);
  }

  /** Whether the client takes what waits for it more slowly than it may. */
  readsSlowly(): boolean {
    return this.#pace.isSlow(this.outbox, this.#config.limits.bodyBytesPerSecond, this.#wheel.now);
  }

  /** Whether its content, of which some came just now, comes more slowly than it may. */
  sendsSlowly(exchange: Exchange): boolean {
    this.sending.note(exchange, this.owesContent, this.#wheel.now);
    return this.sending.isSlow(this.#config.limits.bodyBytesPerSecond);
  }

  // Octets.

  /** Octets behind content that was handed on from a buffer. */
  keep(octets: Uint8Array): void {
    this.unread = octets.length === 0 ? EMPTY : Buffer.from(octets);
    this.unreadAt = this.#clock();
  }

  /** Forgets unread octets that were read. */
  consume(octets: number): void {
    if (octets === 0) return;
    this.unread = octets === this.unread.length ? EMPTY : this.unread.subarray(octets);
    this.unreadAt = this.#receivedAt;
    this.partial = false;
  }

  /**
   * Empty lines between requests are nothing that is unread (RFC 9112 section 2.2): no head has begun, and the client is
   * idle as before. They are kept for the judge, who counts them, until a head begins or there are too many. Not where
   * they may be another protocol's. Returns whether nothing else was unread.
   */
  passOverEmptyLines(): boolean {
    if (this.unread.length === 0) return false;
    this.#emptyLines = EMPTY;
    if (!areEmptyLines(this.unread) || this.classifying || this.room === 0) return false;
    this.#emptyLines = this.unread;
    this.unread = EMPTY;
    this.partial = false;
    return true;
  }

  /** Reads from the socket exactly when somebody can use what comes. */
  regulate(): void {
    const wanted = this.#wantsMore();
    if (wanted === this.#reading) return;
    this.#reading = wanted;
    if (wanted) this.#socket.resume();
    else this.#socket.pause();
  }

  expect(ms: number): void {
    this.#deadline.set(ms);
  }

  /** From now on octets pass as they are. */
  becomeTunnel(): void {
    this.phase = "tunnel";
    this.#deadline.clear();
    this.regulate();
    if (this.unread.length === 0) return;
    const octets = this.unread;
    this.unread = EMPTY;
    this.#events.tunnelled(this, octets);
  }

  /** What the heads of its requests say about where they come from. */
  get forwardedBy(): ForwardedBy {
    this.#forwardedBy ??= new ForwardedBy(this.address.text, this.ends);
    return this.#forwardedBy;
  }

  /**
   * Says nothing more, and closes once the client has read everything. Octets that still come are thrown away for a
   * while: closing over unread input would reset the connection, and our last words with it (RFC 9112 section 9.6).
   */
  close(): void {
    if (this.phase === "closing" || this.phase === "closed") return;
    this.phase = "closing";
    this.unread = EMPTY;
    this.outbox.end();
    this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    this.#socket.once("finish", () => this.#said());
    this.regulate();
  }

  /**
   * Ends behind a response that broke off and that has no other end than the connection's: it is reset, since a FIN would
   * be the end of a whole response (RFC 9112 section 8).
   */
  breakOff(): void {
    if (this.phase === "closed") return;
    this.outbox.flush();
    this.#socket.resetAndDestroy();
    this.#closed("response broke off");
  }

  /** Ends it at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#closed("destroyed");
  }

  #read(octets: number, buffer: Uint8Array): boolean {
    this.#data(this.#reader.view(buffer, octets));
    return true;
  }

  #nextBuffer(): Uint8Array {
    if (this.phase === "heads") return this.#reader.next("heads");
    const isLong = this.phase === "content" && this.queue.last?.inquiry === undefined;
    return this.#reader.next(isLong ? "long" : "short");
  }

  /** Octets that lie in a buffer that is read into again. */
  #data(chunk: Buffer): void {
    switch (this.phase) {
      case "heads":
        this.#takeHeads(chunk);
        break;
      case "content":
        this.#takeContent(chunk);
        break;
      case "tunnel":
        this.#events.tunnelled(this, chunk);
        break;
      case "closing":
        this.#linger(chunk);
        break;
      case "closed":
        break;
      default:
        this.phase satisfies never;
    }
  }

  #takeContent(chunk: Buffer): void {
    const { own } = this.#reader;
    if (own !== undefined && this.unread.length === 0 && this.#events.contentIn(this, chunk, own)) return;
    this.unread = this.#growing.append(this.unread, chunk);
    this.#events.content(this);
  }

  #takeHeads(chunk: Buffer): void {
    if (this.lastRequestSeen) return;
    const before = this.unread.length;
    this.unread = this.#growing.append(before === 0 ? this.#emptyLines : this.unread, chunk);
    if (before === 0 && this.passOverEmptyLines()) return;
    if (this.classifying) this.#awaitVerdict(chunk.length);
    const now = this.#clock();
    this.#receivedAt = now;
    if (before === 0) {
      this.unreadAt = now;
      if (this.queue.depth === 0) this.#deadline.set(this.#config.timeouts.headMs);
    }
    if (
      !this.classifying &&
      (!this.partial || mayCompleteHead(this.unread, before, this.#config.limits.headBytes))
    ) {
      this.partial = false;
      this.#events.heads(this, now);
    }
    this.regulate();
  }

  /** What is unread now goes to be judged. */
  beginJudging(now: number): void {
    this.classifying = true;
    this.headAt = now;
    this.#awaitVerdict(this.unread.length);
  }

  #awaitVerdict(octets: number): void {
    this.#beingJudged += octets;
    this.#backlog.add(octets, this.#config.limits.headsBufferBytes);
  }

  #wantsMore(): boolean {
    switch (this.phase) {
      case "heads":
        return (
          this.unread.length < this.#readAheadBytes &&
          (this.room > 0 || this.unread.length === 0) &&
          !this.#backlog.isFull
        );
      case "content":
        return !this.contentBlocked || this.#mayReadAhead;
      case "tunnel":
        return !this.contentBlocked;
      default:
        return !this.#lingering.isFull;
    }
  }

  /** What comes behind a head that is being judged may be content, which has buffers of its own once that is known. */
  get #readAheadBytes(): number {
    return this.classifying ? FIXED.headReadBytes : FIXED.readAheadBytes;
  }

  /** Content waits for the turn of its exchange. Who is not read meanwhile could leave without anybody noticing. */
  get #mayReadAhead(): boolean {
    return (
      this.queue.last?.state === "waiting" && this.unread.length < this.#config.limits.requestBufferBytes
    );
  }

  /** Our last words leave as slowly as the client reads them; that it reads is all that is asked. */
  #late(): void {
    if (this.phase === "closing" && this.outbox.pending > 0 && !this.stalled() && !this.readsSlowly())
      this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    else this.#events.late(this);
  }

  /** Our last words have left. */
  #said(): void {
    if (this.halfClosed) this.destroy();
    else this.#deadline.set(this.#lingering.begin(this.#wheel.now));
  }

  #linger(chunk: Buffer): void {
    const ms = this.#lingering.discarded(chunk.length, this.#wheel.now);
    if (ms !== undefined) this.#deadline.set(ms);
    if (this.#lingering.isFull) this.regulate();
  }

  #ended(): void {
    this.halfClosed = true;
    if (this.phase === "closing") {
      if (this.#socket.writableFinished) this.destroy();
    } else if (this.phase !== "closed") this.#events.ended(this);
  }

  #closed(reason: string): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.unread = EMPTY;
    this.#deadline.clear();
    this.#reader.close();
    this.own.close();
    this.#events.gone(this, reason);
  }
}
