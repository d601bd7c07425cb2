import { connect, type Socket } from "node:net";
import {
  type BodyFraming,
  ChunkedBody,
  CloseDelimitedBody,
  type DataPlaneConfig,
  FAILURE,
  type Failure,
  FIXED,
  HEAD,
  HEAD_FLAG,
  type LateNames,
  LengthBody,
  NO_BODY,
  type ProxyProtocol,
  RESPONSE_BODY,
  type ResponseHead,
  sentOn,
  writeProxyHeader,
} from "@shunt/core";
import type { ClientConnection } from "../accept/client-connection.ts";
import { agreesToAsked } from "../forward/agreed-protocol.ts";
import { mayCompleteHead } from "../io/head-completion.ts";
import { Outbox } from "../io/outbox.ts";
import { type ReadBuffers, Reader } from "../io/read-buffers.ts";
import { Deadline, type TimerWheel } from "../io/timer-wheel.ts";
import type { Turn } from "../io/turn.ts";
import type { Attempt } from "../track/attempt.ts";
import type { Backend } from "./backend.ts";
import { connectFailure } from "./connect-failure.ts";
import { PatientWrites } from "./patient-writes.ts";

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
  /** The attempt cannot go on. `detail` is for the log. */
  failed(attempt: Attempt, failure: Failure, detail: string): void;
  /** Content may be sent: the connection is established, or has room again. */
  writable(attempt: Attempt): void;
  /** An idle connection said something or broke; for log and metric. */
  closedIdle(backend: Backend, reason: string): void;
}

export interface ServerConnectionParts {
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly events: ServerEvents;
  /** Judges heads; one serves all connections of a loop. */
  readonly head: ResponseHead;
  /** The same for servers that say in their answers how loaded they are. */
  readonly announcingHead: ResponseHead;
  readonly readBuffers: ReadBuffers;
}

type State = "connecting" | "idle" | "busy" | "tunnel" | "closed";

const EMPTY = Buffer.alloc(0);

/**
 * A second connection (claim C10): to one server, carrying one exchange at a time. It is used again only after a
 * response that ended where its framing said, with nothing behind it; in every other case it is destroyed.
 */
export class ServerConnection {
  readonly backend: Backend;
  state: State = "connecting";
  attempt: Attempt | undefined;
  /** Exchanges that it has carried. */
  carried = 0;
  /** The PROXY header that it begins with: if there is one, it serves the client that stands in it alone. */
  readonly introduction: ProxyProtocol;

  readonly #parts: ServerConnectionParts;
  readonly #socket: Socket;
  readonly #writes: PatientWrites;
  readonly #outbox: Outbox;
  readonly #deadline: Deadline;
  #config: DataPlaneConfig;
  #partial: Buffer = EMPTY;
  #body: BodyFraming = NO_BODY;
  #headSeen = false;
  #interims = 0;
  /** Octets of interim responses: they may have to wait for a client that does not read. */
  #interimBytes = 0;
  /** How often the outbox had been flushed when the request's head went into it. */
  #flushesBefore = 0;
  /** An exchange with credentials that belong to the connection has used it: it serves its client alone. */
  #bound = false;
  /** What was received so far allows another exchange behind this one. */
  #reusable = true;
  #paused = false;
  readonly #reader: Reader;
  /** Data without chunk framing, for a client that does not know chunks; undefined when octets pass as they are. */
  #unchunked: Uint8Array[] | undefined;

  constructor(backend: Backend, config: DataPlaneConfig, parts: ServerConnectionParts) {
    const { host, port, proxyProtocol } = backend;
    this.backend = backend;
    this.introduction = proxyProtocol;
    this.#config = config;
    this.#parts = parts;
    this.#deadline = new Deadline(parts.wheel, () => this.#expired());
    this.#reader = new Reader(parts.readBuffers);
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      allowHalfOpen: true,
      onread: {
        buffer: () => this.#nextBuffer(),
        callback: (octets, buffer) => this.#read(octets, buffer),
      },
    });
    this.#writes = new PatientWrites(this.#socket);
    this.#outbox = new Outbox(this.#socket, parts.turn, parts.readBuffers, () => this.#drained());
    backend.connections++;
    this.#deadline.set(config.timeouts.connectMs);
    this.#socket
      .on("connect", () => this.#connected())
      .on("end", () => this.#ended())
      .on("error", (error: NodeJS.ErrnoException) => this.#broke(error));
  }

  /** Takes the connection for an attempt, and sends its head. */
  begin(attempt: Attempt, config: DataPlaneConfig): void {
    this.attempt = attempt;
    this.#config = config;
    attempt.onReused = this.carried++ > 0;
    this.#body = NO_BODY;
    this.#headSeen = false;
    this.#interims = 0;
    this.#interimBytes = 0;
    this.#unchunked = undefined;
    if (this.state === "idle") {
      this.state = "busy";
      this.#deadline.set(config.timeouts.responseMs);
    }
    if (attempt.exchange.has(HEAD_FLAG.BOUND)) this.#bound = true;
    this.#flushesBefore = this.#outbox.flushes;
    if (this.introduction !== "off" && !attempt.onReused)
      this.#outbox.push(writeProxyHeader(this.introduction, attempt.exchange.client.ends));
    this.#outbox.push(attempt.exchange.requestHead);
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

  /** Nothing of the request has left: whatever the server says is about something else. */
  get #unsent(): boolean {
    return this.#outbox.flushes === this.#flushesBefore;
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

  /** Ends it at once. An attempt that it carries is not told: whoever calls knows. */
  destroy(): void {
    if (this.state === "closed") return;
    const tunnel = this.state === "tunnel";
    this.state = "closed";
    this.attempt = undefined;
    this.#deadline.clear();
    this.backend.connections--;
    this.backend.forget(this);
    // The end of a tunnel may be the end of a message: one that broke off must not look like one that is whole.
    if (tunnel && !this.#socket.writableEnded) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #connected(): void {
    if (this.state !== "connecting") return;
    this.state = "busy";
    this.#deadline.set(this.#config.timeouts.responseMs);
    const { attempt } = this;
    if (attempt === undefined) return;
    this.#parts.events.connected(attempt);
    if (!attempt.exchange.contentSent) this.#parts.events.writable(attempt);
  }

  #drained(): void {
    if (this.attempt !== undefined) this.#parts.events.writable(this.attempt);
  }

  /** Octets were read into a buffer, which they are read into again as soon as this returns. */
  #read(octets: number, buffer: Uint8Array): boolean {
    this.#data(Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, octets));
    return true;
  }

  #nextBuffer(): Uint8Array {
    return this.#reader.next(this.#headSeen && !this.#body.done && this.state !== "closed");
  }

  #data(chunk: Buffer): void {
    const { attempt } = this;
    if (this.state === "closed") return;
    if (attempt === undefined) this.#closeIdle("unsolicited octets");
    else if (this.state === "tunnel") this.#tunnelled(attempt, chunk);
    else if (this.#headSeen) this.#takeBody(attempt, chunk);
    else if (this.#unsent) this.#lost(attempt, "unsolicited octets");
    else this.#takeHeads(attempt, chunk);
  }

  #takeHeads(attempt: Attempt, chunk: Buffer): void {
    const before = this.#partial.length;
    const source = before === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    if (before > 0 && !mayCompleteHead(source, before, this.#config.limits.headBytes)) {
      this.#partial = source;
      return;
    }
    this.#partial = EMPTY;
    for (let at = 0; at < source.length && this.attempt === attempt; )
      at = this.#takeHead(attempt, source, at);
  }

  /** An interim response, or the head of the final one. Returns where to go on behind an interim one. */
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
    if (head.status === 101) this.#upgrade(attempt, source.subarray(end));
    else this.#takeFinal(attempt, source, end);
    return source.length;
  }

  /** Which of the two a server has is asked anew for each head: a change of its pool may come between two answers. */
  get #head(): ResponseHead {
    return this.backend.announcedLoad?.from === "response" ? this.#parts.announcingHead : this.#parts.head;
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
      this.#parts.events.interim(attempt, this.#head);
    }
    return end;
  }

  #takeFinal(attempt: Attempt, source: Buffer, at: number): void {
    const { events } = this.#parts;
    const head = this.#head;
    this.#headSeen = true;
    this.#body = this.#framingOf(attempt, head);
    this.#reusable = head.persistent && this.#body !== UNTIL_CLOSE;
    const octets = this.#taken(attempt, source, at);
    if (octets === undefined) return;
    const { done } = this.#body;
    if (done) this.#release(attempt);
    else if (!this.#paused) this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    events.head(attempt, head, octets, done);
  }

  #takeBody(attempt: Attempt, chunk: Buffer): void {
    const octets = this.#taken(attempt, chunk, 0);
    if (octets === undefined) return;
    const { done } = this.#body;
    if (done) this.#release(attempt);
    else if (!this.#paused) this.#deadline.set(this.#config.timeouts.bodyIdleMs);
    this.#parts.events.body(attempt, octets, this.#reader.own, done);
  }

  /** The octets of the body in `source` from `at` on, as the client gets them. Undefined: the attempt has failed. */
  #taken(attempt: Attempt, source: Buffer, at: number): Uint8Array | undefined {
    const length = this.#body.take(source, at, source.length);
    if (this.#body.fault !== undefined) {
      this.#fail(attempt, FAILURE.RESPONSE_MALFORMED, `body: ${this.#body.fault}`);
      return undefined;
    }
    // Behind the end of a response nothing may follow: it would be the answer to a question that nobody asked.
    if (at + length < source.length) this.#reusable = false;
    if (this.#unchunked === undefined) return sentOn(this.#body, source, at, length);
    const plain = Buffer.concat(this.#unchunked);
    this.#unchunked.length = 0;
    return plain;
  }

  #framingOf(attempt: Attempt, head: ResponseHead): BodyFraming {
    switch (head.body) {
      case RESPONSE_BODY.LENGTH:
        return new LengthBody(head.contentLength);
      case RESPONSE_BODY.UNTIL_CLOSE:
        return UNTIL_CLOSE;
      case RESPONSE_BODY.CHUNKED:
        return this.#chunkedFraming(attempt, head.optionNames);
      default:
        return NO_BODY;
    }
  }

  /** An HTTP/1.0 client does not know chunks: it gets the data alone, up to the end of the connection. */
  #chunkedFraming(attempt: Attempt, late: LateNames): BodyFraming {
    const { limits } = this.#config;
    if (!attempt.exchange.has(HEAD_FLAG.HTTP_1_0)) return ChunkedBody.ofAnswer(limits, undefined, late);
    const pieces: Uint8Array[] = [];
    this.#unchunked = pieces;
    return ChunkedBody.ofAnswer(limits, (bytes, from, to) => pieces.push(bytes.subarray(from, to)));
  }

  /** The response is complete. The connection is free before anybody is told: the next exchange may want it. */
  #release(attempt: Attempt): void {
    const { exchange } = attempt;
    this.attempt = undefined;
    attempt.connection = undefined;
    const { limits, timeouts } = this.#config;
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
    else if (this.#headSeen && this.#body === UNTIL_CLOSE) {
      this.#release(attempt);
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
    attempt.unsent = this.#unsent;
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
    attempt.connection = undefined;
    this.destroy();
    this.#parts.events.failed(attempt, failure, detail);
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

const UNTIL_CLOSE = new CloseDelimitedBody();

function refusalOf(head: ResponseHead): Failure {
  return head.tooLarge ? FAILURE.RESPONSE_HEAD_SIZE : FAILURE.RESPONSE_MALFORMED;
}
