import { connect, type OnReadOpts, type Socket } from "node:net";
import {
  type DataPlaneConfig,
  FAILURE,
  type Failure,
  FIXED,
  HEAD,
  HEAD_FLAG,
  type ProxyProtocol,
  type ResponseHead,
  writeProxyHeader,
} from "@shunt/core";
import type { ClientConnection } from "../accept/client-connection.ts";
import { agreesToAsked } from "../forward/agreed-protocol.ts";
import { readDirectly } from "../io/direct-reads.ts";
import { mayCompleteHead } from "../io/head-completion.ts";
import { Outbox } from "../io/outbox.ts";
import { type ReadBuffers, Reader } from "../io/read-buffers.ts";
import { Deadline, type TimerWheel } from "../io/timer-wheel.ts";
import type { Turn } from "../io/turn.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Backend } from "./backend.ts";
import { connectFailure } from "./connect-failure.ts";
import { IncomingBody } from "./incoming-body.ts";
import type { Overdue, Shared } from "./overdue.ts";
import { LOOK_MS } from "./overdue.ts";
import { PatientWrites } from "./patient-writes.ts";
import { Pipe } from "./pipe.ts";
import type { ResponseHeads } from "./response-heads.ts";

/** What happens on a server connection, told to whoever serves the exchange. */
export interface ServerEvents {
  connected(attempt: Attempt): void;
  /** A 1xx that is handed on. */
  interim(attempt: Attempt, head: ResponseHead): void;
  /** In a head, the server says how loaded it is; `text` is what it says. */
  announced(backend: Backend, text: string): void;
  /** The head of the final response, with the octets of its body that came with it. `complete`: that is all of it. */
  head(attempt: Attempt, head: ResponseHead, body: Uint8Array, complete: boolean): void;
  /**
   * Body octets as they came; `complete`: the last. They lie in `buffer`, which may be lent until the kernel has taken
   * them. Without a buffer, what is not sent at once must be copied.
   */
  body(attempt: Attempt, octets: Uint8Array, buffer: Uint8Array | undefined, complete: boolean): void;
  /** The server agreed to another protocol; `rest` are its first octets. */
  upgraded(attempt: Attempt, head: ResponseHead, rest: Uint8Array): void;
  tunnelled(attempt: Attempt, octets: Uint8Array): void;
  tunnelEnded(attempt: Attempt): void;
  /** What it waited behind holds it up, or has ended its connection: it is not at fault, nor is its server. */
  moved(attempt: Attempt, reason: MoveReason): void;
  /** The attempt cannot go on. `detail` is for the log. */
  failed(attempt: Attempt, failure: Failure, detail: string): void;
  /** Content may be sent: the connection is established, or has room again. */
  writable(attempt: Attempt): void;
  /** An idle connection said something or broke; for log and metric. */
  closedIdle(backend: Backend, reason: string): void;
}

/**
 * Why a request does not wait any longer behind others. late: their answer does not come. slow-client: it comes, and
 * whoever gets it does not take it. last: it says that it is the last of its connection. broken: the connection is gone.
 * suspect: what came is no answer, and may be the rest of another's.
 */
export type MoveReason = "late" | "slow-client" | "last" | "broken" | "suspect";

export interface ServerConnectionParts {
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly overdue: Pick<Overdue, "add" | "delete">;
  /** Whether so many requests may be sent again for being late: servers that stall must not get twice the work. */
  readonly mayRelieve: (requests: number) => boolean;
  readonly events: ServerEvents;
  readonly heads: ResponseHeads;
  readonly readBuffers: ReadBuffers;
}

type State = "connecting" | "idle" | "busy" | "tunnel" | "closed";

const EMPTY = Buffer.alloc(0);

/**
 * A second connection (claim C10): to one server, carrying one exchange at a time, or several safe ones that left in one
 * turn. It is used again only after a response that ended where its framing said, with nothing behind it; in every other
 * case it is destroyed. An answer has no name on it, so whenever it is in doubt whose the next one is, it is nobody's.
 */
export class ServerConnection implements Shared {
  readonly backend: Backend;
  state: State = "connecting";
  /** Exchanges that it has carried. */
  carried = 0;
  /** The PROXY header that it begins with: if there is one, it serves the client that stands in it alone. */
  readonly introduction: ProxyProtocol;

  readonly #parts: ServerConnectionParts;
  readonly #plainHead: ResponseHead;
  readonly #socket: Socket;
  readonly #writes: PatientWrites;
  readonly #outbox: Outbox;
  readonly #deadline: Deadline;
  #config: DataPlaneConfig;
  readonly #pipe = new Pipe();
  // Of the response to the first of the pipe.
  #partial: Buffer = EMPTY;
  readonly #body = new IncomingBody();
  #headSeen = false;
  #interims = 0;
  /** Octets of interim responses: they may have to wait for a client that does not read. */
  #interimBytes = 0;
  /** An exchange with credentials that belong to the connection has used it: it serves its client alone. */
  #bound = false;
  /** What was received so far allows another exchange behind this one. */
  #reusable = true;
  /** It has answered as HTTP/1.1 does, and goes on. */
  #proven = false;
  /** How many have left together, in which turn, and when. */
  #together = 0;
  #sentInTurn = 0;
  #sentAt = 0;
  /** Answers that it has given, as of the last look, and looks since. */
  #answers = 0;
  #answersAtLook = -1;
  #looks = 0;
  /** Octets of answers that nobody wants any more. */
  #unwantedBytes = 0;
  #paused = false;
  readonly #reader: Reader;

  constructor(backend: Backend, config: DataPlaneConfig, parts: ServerConnectionParts) {
    const { host, port, proxyProtocol } = backend;
    this.backend = backend;
    this.introduction = proxyProtocol;
    this.#config = config;
    this.#parts = parts;
    this.#plainHead = parts.heads.of(backend);
    this.#deadline = new Deadline(parts.wheel, () => this.#expired());
    this.#reader = new Reader(parts.readBuffers);
    const onread: OnReadOpts = {
      buffer: () => this.#nextBuffer(),
      callback: (octets, buffer) => this.#read(octets, buffer),
    };
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true, onread });
    this.#writes = new PatientWrites(this.#socket);
    this.#outbox = new Outbox(
      this.#socket,
      parts.turn,
      parts.readBuffers,
      () => this.#drained(),
      () => this.#writes.fail(),
    );
    backend.connections++;
    this.#deadline.set(config.timeouts.connectMs);
    this.#socket
      .on("connect", () => this.#connected(onread))
      .on("end", () => this.#ended())
      .on("error", (error: NodeJS.ErrnoException) => this.#broke(error));
  }

  /** The attempt whose response comes, or comes next. */
  get attempt(): Attempt | undefined {
    return this.#pipe.first;
  }

  /** Takes the connection for an attempt, and sends its head. */
  begin(attempt: Attempt, config: DataPlaneConfig): void {
    attempt.onReused = this.carried++ > 0;
    attempt.flushesBefore = this.#outbox.flushes;
    attempt.joined = this.#pipe.depth > 0;
    this.#pipe.add(attempt);
    if (attempt.joined) this.#joined();
    else this.#opened(attempt, config);
    if (attempt.exchange.has(HEAD_FLAG.BOUND)) this.#bound = true;
    if (this.introduction !== "off" && !attempt.onReused)
      this.#outbox.push(writeProxyHeader(this.introduction, attempt.exchange.client.ends));
    this.#outbox.push(attempt.exchange.requestHead);
  }

  #opened({ startedAt }: Attempt, config: DataPlaneConfig): void {
    this.#together = 1;
    this.#sentInTurn = this.#parts.turn.number;
    this.#sentAt = startedAt;
    this.#expect(config);
  }

  #joined(): void {
    this.#together++;
    if (this.#pipe.depth > 2) return;
    this.#answersAtLook = -1;
    this.#parts.overdue.add(this);
  }

  /**
   * Whether a request that others may join leaves with those that are here: they have not left yet, and the server has
   * shown that it answers one request behind the other. No more than `most` of them.
   */
  takesAnother(most: number): boolean {
    const { attempt } = this;
    if (attempt === undefined || this.state !== "busy" || this.#pipe.depth >= most) return false;
    return this.#proven && this.#isUnsent(attempt) && !this.#bound && !this.#writes.failed;
  }

  /** The next response is that to the first of the pipe. */
  #expect(config: DataPlaneConfig): void {
    this.#config = config;
    this.#headSeen = false;
    this.#interims = 0;
    this.#interimBytes = 0;
    if (this.state === "connecting") return;
    this.state = "busy";
    this.#deadline.set(config.timeouts.responseMs);
  }

  /** Sends content, or octets of a tunnel. Returns false when no more should come before `writable`. */
  send(octets: Uint8Array): boolean {
    this.#outbox.push(octets);
    this.#sends();
    return !this.#full;
  }

  /** The same for octets that lie in `buffer`, which may be lent until the kernel has taken them. */
  lend(octets: Uint8Array, buffer: Uint8Array): boolean {
    this.#outbox.lend(octets, buffer);
    this.#sends();
    return !this.#full;
  }

  /** Nothing of its request has left: whatever the server says is about something else. */
  #isUnsent(attempt: Attempt): boolean {
    return this.#outbox.flushes === attempt.flushesBefore;
  }

  /** No more should be sent before `writable`, which is sure to come. */
  get #full(): boolean {
    return this.#outbox.isFull(this.#config.limits.requestBufferBytes);
  }

  /** Ends this side of a tunnel. `sent` is called when the kernel has taken all of it. */
  end(sent: () => void): void {
    this.#socket.once("finish", sent);
    this.#outbox.end();
  }

  /** Every octet that the client has sent into the tunnel has left, and the end of them. */
  get sentAll(): boolean {
    return this.#socket.writableFinished;
  }

  /**
   * Stops reading: what comes stays in the kernel, and then with the server. Whoever makes us pause has a time limit;
   * in a tunnel it is ours, of octets either way.
   */
  pause(): void {
    if (this.#paused) return;
    this.#moveBehind("slow-client");
    this.#paused = true;
    this.#socket.pause();
    if (this.state !== "tunnel") this.#deadline.clear();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
    this.#deadline.set(this.#idleMs());
  }

  /** Nobody waits for the answer to an attempt any more. Where others wait behind it, it is read all the same. */
  leave(attempt: Attempt): void {
    attempt.connection = undefined;
    attempt.unwanted = true;
    if (!this.#pipe.isWanted) this.destroy();
  }

  isOverdue(): boolean {
    if (this.#pipe.depth === 1 && !this.#mayBeForgotten) return false;
    if (this.#answersAtLook === this.#answers) return ++this.#looks * LOOK_MS > this.backend.sharing.longMs;
    this.#answersAtLook = this.#answers;
    this.#looks = 0;
    return false;
  }

  relieve(): void {
    const { attempt } = this;
    const isForgotten = this.#mayBeForgotten;
    const waiting = this.#pipe.depth - (isForgotten ? 0 : 1);
    this.#answersAtLook = -1;
    if (!this.#parts.mayRelieve(waiting)) return;
    this.backend.sharing.heldUp(waiting, this.#sentInTurn, this.#parts.turn);
    this.#moveBehind("late");
    if (!isForgotten || attempt === undefined) return;
    this.#pipe.shift();
    this.destroy();
    this.#tellMoved([attempt], "late");
  }

  /** Nothing has come for one that waited behind others: some servers forget what they read together with another. */
  get #mayBeForgotten(): boolean {
    return this.attempt?.joined === true && !this.#headSeen && this.#partial.length === 0;
  }

  /** Ends it at once. An attempt that it carries is not told: whoever calls knows. */
  destroy(): void {
    if (this.state === "closed") return;
    const tunnel = this.state === "tunnel";
    this.state = "closed";
    for (const attempt of this.#pipe.takeAll()) if (attempt.unwanted) attempt.settle();
    this.#parts.overdue.delete(this);
    this.#deadline.clear();
    this.backend.connections--;
    this.backend.forget(this);
    // The end of a tunnel may be the end of a message: one that broke off must not look like one that is whole.
    if (tunnel && !this.#socket.writableEnded) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #connected(onread: OnReadOpts): void {
    if (this.state !== "connecting") return;
    readDirectly(this.#socket, onread);
    this.state = "busy";
    this.#deadline.set(this.#config.timeouts.responseMs);
    const { attempt } = this;
    if (attempt === undefined) return;
    this.#parts.events.connected(attempt);
    if (!attempt.exchange.contentSent) this.#parts.events.writable(attempt);
  }

  #drained(): void {
    const { attempt } = this;
    if (attempt !== undefined && !attempt.unwanted) this.#parts.events.writable(attempt);
  }

  /** Octets were read into a buffer, which they are read into again as soon as this returns. */
  #read(octets: number, buffer: Uint8Array): boolean {
    this.#data(this.#reader.view(buffer, octets));
    return true;
  }

  #nextBuffer(): Uint8Array {
    const isLong = this.#headSeen && !this.#body.done && this.state !== "closed";
    return this.#reader.next(isLong ? "long" : "short");
  }

  #data(chunk: Buffer): void {
    const { attempt } = this;
    if (this.state === "closed") return;
    if (attempt === undefined) this.#takeUnsolicited();
    else if (this.state === "tunnel") this.#tunnelled(attempt, chunk);
    else this.#takeResponses(chunk);
  }

  #takeUnsolicited(): void {
    this.#distrust();
    this.#closeIdle("unsolicited octets");
  }

  /** One response behind the other, each for the first of the pipe. */
  #takeResponses(chunk: Buffer): void {
    const before = this.#partial.length;
    const source = before === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    if (before > 0 && !mayCompleteHead(source, before, this.#config.limits.headBytes)) {
      this.#partial = source;
      return;
    }
    this.#partial = EMPTY;
    this.#parts.turn.touch();
    let at = 0;
    for (let { attempt } = this; attempt !== undefined && at < source.length; { attempt } = this)
      at = this.#takeNext(attempt, source, at);
  }

  /** Returns where to go on. */
  #takeNext(attempt: Attempt, source: Buffer, at: number): number {
    if (this.#headSeen) return this.#takeBody(attempt, source, at);
    if (!this.#isUnsent(attempt)) return this.#takeHead(attempt, source, at);
    this.backend.sharing.distrust();
    this.#lost(attempt, "unsolicited octets");
    return source.length;
  }

  /** An interim response, or the head of the final one with what of the body came with it. */
  #takeHead(attempt: Attempt, source: Buffer, at: number): number {
    const head = this.#head;
    const outcome = head.judge(source, at, source.length, attempt.exchange.has(HEAD_FLAG.HEAD_METHOD));
    const end = at + head.end;
    if (outcome === HEAD.INCOMPLETE) this.#partial = Buffer.from(source.subarray(at));
    else if (outcome === HEAD.REFUSED) this.#fail(attempt, refusalOf(head), head.wrong);
    else return this.#takeWhole(attempt, head, source, end);
    return source.length;
  }

  #takeWhole(attempt: Attempt, head: ResponseHead, source: Buffer, end: number): number {
    if (head.announcedLoad !== undefined) this.#parts.events.announced(this.backend, head.announcedLoad);
    if (head.interim) return this.#takeInterim(attempt, end);
    if (head.status !== 101) return this.#takeFinal(attempt, source, end);
    this.#upgrade(attempt, source.subarray(end));
    return source.length;
  }

  /** Which of the two a server has is asked anew for each head: a change of its pool may come between two answers. */
  get #head(): ResponseHead {
    return this.backend.announcedLoad?.from === "response" ? this.#parts.heads.announcing : this.#plainHead;
  }

  #takeInterim(attempt: Attempt, end: number): number {
    const { responseBufferBytes } = this.#config.limits;
    this.#interimBytes += this.#head.end;
    if (++this.#interims > FIXED.interimResponses)
      this.#fail(
        attempt,
        FAILURE.RESPONSE_MALFORMED,
        `more than ${FIXED.interimResponses} interim responses`,
      );
    else if (this.#interimBytes > responseBufferBytes)
      this.#fail(
        attempt,
        FAILURE.RESPONSE_MALFORMED,
        "more interim responses than limits.responseBufferBytes",
      );
    else {
      if (!this.#paused) this.#deadline.set(this.#config.timeouts.responseMs);
      if (!attempt.unwanted) this.#parts.events.interim(attempt, this.#head);
    }
    return end;
  }

  #takeFinal(attempt: Attempt, source: Buffer, at: number): number {
    const head = this.#head;
    this.#headSeen = true;
    this.#body.begin(head, attempt.exchange, this.#config.limits);
    this.#proven = head.persistent && !head.http10;
    if (!head.persistent || this.#body.untilClose) this.#endBehind("last");
    const octets = this.#take(attempt, source, at);
    if (octets === undefined) return source.length;
    const { done, taken } = this.#body;
    if (!attempt.unwanted) this.#parts.events.head(attempt, head, octets, done);
    return at + taken;
  }

  #takeBody(attempt: Attempt, source: Buffer, at: number): number {
    const octets = this.#take(attempt, source, at);
    if (octets === undefined) return source.length;
    const { done, taken } = this.#body;
    const end = at + taken;
    // Lent once at most: what follows in it is copied.
    const buffer = end === source.length ? this.#reader.own : undefined;
    if (!attempt.unwanted) this.#parts.events.body(attempt, octets, buffer, done);
    return end;
  }

  /** The octets of the body in `source` from `at` on, as the client gets them. Undefined: the attempt has failed. */
  #take(attempt: Attempt, source: Buffer, at: number): Uint8Array | undefined {
    const octets = this.#body.take(source, at);
    if (this.#body.fault !== undefined) {
      this.#fail(attempt, FAILURE.RESPONSE_MALFORMED, `body: ${this.#body.fault}`);
      return undefined;
    }
    if (this.#body.done) this.#release(attempt, source.length - at - this.#body.taken);
    else if (attempt.unwanted) this.#throwAway(octets.length);
    else if (!this.#paused) this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    return octets;
  }

  /** An answer that nobody wants any more is read for those behind it, if it is short. */
  #throwAway(octets: number): void {
    this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    this.#unwantedBytes += octets;
    if (this.#unwantedBytes <= this.#config.limits.responseBufferBytes) return;
    this.#moveBehind("slow-client");
    this.destroy();
  }

  /**
   * The response is complete. The connection is free before anybody is told: the next exchange may want it.
   * `surplus`: octets that were read behind it.
   */
  #release(attempt: Attempt, surplus: number): void {
    const { exchange } = attempt;
    this.#pipe.shift();
    this.#answers++;
    attempt.connection = undefined;
    if (attempt.unwanted) attempt.settle();
    const next = this.#pipe.first;
    if (next !== undefined) {
      this.#expect(next.exchange.snapshot.config);
      return;
    }
    if (this.#together > 1) this.#parts.overdue.delete(this);
    if (exchange.parallel && this.#reusable && !attempt.moved) this.#answeredAll();
    const { limits, timeouts } = this.#config;
    // Behind the end of a response nothing may follow: it would be the answer to a question that nobody asked.
    // Not so where those that were asked for it are asked elsewhere.
    if (surplus > 0 && this.#reusable) this.#distrust();
    // Content that has not left yet would stand before the next request.
    const over = this.#writes.failed || this.#socket.readableEnded;
    if (!this.#reusable || !exchange.contentSent || this.#outbox.pending > 0 || over) {
      this.destroy();
      return;
    }
    this.state = "idle";
    this.resume();
    this.#deadline.set(timeouts.serverIdleMs);
    if (this.#bound) exchange.client.own.bind(this);
    else if (!this.#keep(exchange.client, limits.idlePerServer)) this.destroy();
  }

  /** All that left in one turn is answered. */
  #answeredAll(): void {
    const { sharing } = this.backend;
    if (sharing.isOn) sharing.answered(this.#together, this.#sentInTurn, this.#sentAt, this.#parts.turn);
  }

  /** Nobody is asked here again. Those behind the first are asked elsewhere. */
  #endBehind(reason: MoveReason): void {
    this.#reusable = false;
    this.#moveBehind(reason);
  }

  /** Answers to those that are asked elsewhere may still come here, so nobody is asked here again. */
  #moveBehind(reason: MoveReason): void {
    if (this.#pipe.depth < 2) return;
    this.#reusable = false;
    this.#parts.overdue.delete(this);
    this.#tellMoved(this.#pipe.takeBehind(), reason);
  }

  #tellMoved(attempts: readonly Attempt[], reason: MoveReason): void {
    for (const attempt of attempts) {
      attempt.connection = undefined;
      if (attempt.unwanted) attempt.settle();
      else this.#parts.events.moved(attempt, reason);
    }
  }

  /** One that speaks for a client is kept for that client; returns false when there are enough. */
  #keep(client: ClientConnection, idlePerServer: number): boolean {
    if (this.introduction === "off") return this.backend.checkIn(this, idlePerServer);
    return client.own.keep(this, idlePerServer);
  }

  #upgrade(attempt: Attempt, rest: Uint8Array): void {
    const { events } = this.#parts;
    const head = this.#head;
    if (!attempt.exchange.has(HEAD_FLAG.UPGRADE)) {
      this.#fail(attempt, FAILURE.UPGRADE_FAILED, "101 that was not asked for");
      return;
    }
    if (!head.switches || !agreesToAsked(attempt.exchange, head)) {
      this.#fail(attempt, FAILURE.UPGRADE_FAILED, "101 to another protocol than was asked for");
      return;
    }
    this.state = "tunnel";
    this.#deadline.set(this.#config.timeouts.tunnelIdleMs);
    events.upgraded(attempt, head, rest);
  }

  #tunnelled(attempt: Attempt, chunk: Buffer): void {
    this.#deadline.set(this.#config.timeouts.tunnelIdleMs);
    this.#parts.events.tunnelled(attempt, chunk);
  }

  /** The server sent FIN. */
  #ended(): void {
    const { attempt } = this;
    if (attempt === undefined) this.#closeIdle("closed by the server");
    // The reset was seen by a write; what ends here is not what the server wanted to end.
    else if (this.#writes.failed) this.#lost(attempt, "reset by the server");
    else if (this.state === "tunnel") this.#parts.events.tunnelEnded(attempt);
    else if (this.#headSeen && this.#body.untilClose) {
      this.#release(attempt, 0);
      this.#parts.events.body(attempt, EMPTY, undefined, true);
    } else this.#lost(attempt, "closed by the server");
  }

  #broke(error: NodeJS.ErrnoException): void {
    const { attempt } = this;
    if (this.state === "closed") return;
    if (attempt === undefined) this.#closeIdle(error.code ?? error.message);
    else if (this.state === "connecting") this.#fail(attempt, connectFailure(error), error.message);
    else this.#lost(attempt, error.code ?? error.message);
  }

  /** The connection is gone in the middle of an exchange. */
  #lost(attempt: Attempt, detail: string): void {
    attempt.unsent = this.#isUnsent(attempt);
    const silent = !this.#headSeen && this.#partial.length === 0;
    this.#fail(attempt, silent ? FAILURE.CONNECTION_TERMINATED : FAILURE.RESPONSE_INCOMPLETE, detail);
  }

  #expired(): void {
    const { attempt } = this;
    if (attempt === undefined) this.#closeIdle("idle for too long");
    else if (this.state === "connecting")
      this.#fail(attempt, FAILURE.CONNECTION_TIMEOUT, "timeouts.connectMs");
    else if (this.state === "tunnel") this.#tunnelIdle(attempt);
    else if (this.#headSeen) this.#fail(attempt, FAILURE.BODY_TIMEOUT, "timeouts.bodyIdleMs");
    else if (this.#awaitsContent(attempt)) this.#deadline.set(this.#config.timeouts.responseMs);
    else this.#fail(attempt, FAILURE.RESPONSE_TIMEOUT, "timeouts.responseMs");
  }

  /** Nobody has said anything for too long: nothing breaks off. */
  #tunnelIdle(attempt: Attempt): void {
    this.#socket.end();
    this.#fail(attempt, FAILURE.BODY_TIMEOUT, "timeouts.tunnelIdleMs");
  }

  /**
   * The server has taken all that there is of the request, and the rest is for the client to send, which has a time limit
   * of its own. Not so a client that waits for the server to say 100 (RFC 9110 section 10.1.1).
   */
  #awaitsContent({ exchange }: Attempt): boolean {
    if (exchange.contentSent || this.#outbox.pending > 0) return false;
    return !exchange.has(HEAD_FLAG.EXPECT_CONTINUE) || this.#interims > 0 || exchange.replayBytes > 0;
  }

  #fail(attempt: Attempt, failure: Failure, detail: string): void {
    const behind = this.#pipe.takeBehind();
    const isDoubtful = attempt.joined && !this.#headSeen;
    attempt.connection = undefined;
    this.destroy();
    this.#tellMoved(behind, "broken");
    if (attempt.unwanted) return;
    if (isDoubtful && failure === FAILURE.CONNECTION_TERMINATED) this.#parts.events.moved(attempt, "broken");
    else if (isDoubtful && DOUBTFUL.has(failure)) this.#doubt(attempt);
    else this.#parts.events.failed(attempt, failure, detail);
  }

  /** What came may be the rest of another's answer: whether the server answers it well is seen when it is asked alone. */
  #doubt(attempt: Attempt): void {
    this.backend.sharing.distrust();
    this.#parts.events.moved(attempt, "suspect");
  }

  #distrust(): void {
    this.#reusable = false;
    this.backend.sharing.distrust();
  }

  #closeIdle(reason: string): void {
    this.destroy();
    this.#parts.events.closedIdle(this.backend, reason);
  }

  /** The server has its time for an answer from the last octet of the request on. */
  #sends(): void {
    if (this.state === "busy" && !this.#headSeen && !this.#paused)
      this.#deadline.set(this.#config.timeouts.responseMs);
    if (this.state === "tunnel") this.#deadline.set(this.#config.timeouts.tunnelIdleMs);
  }

  #idleMs(): number {
    const { timeouts } = this.#config;
    if (this.state === "tunnel") return timeouts.tunnelIdleMs;
    return this.#headSeen ? timeouts.bodyIdleMs : timeouts.responseMs;
  }
}

/** What a response is refused for that begins where that before it may not have ended. */
const DOUBTFUL: ReadonlySet<Failure> = new Set([
  FAILURE.RESPONSE_MALFORMED,
  FAILURE.RESPONSE_HEAD_SIZE,
  FAILURE.UPGRADE_FAILED,
]);

function refusalOf(head: ResponseHead): Failure {
  return head.tooLarge ? FAILURE.RESPONSE_HEAD_SIZE : FAILURE.RESPONSE_MALFORMED;
}
