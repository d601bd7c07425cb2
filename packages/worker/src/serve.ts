import type { Socket } from "node:net";
import {
  type DataPlaneConfig,
  FAILURE,
  type Failure,
  HEAD_FLAG,
  REFUSALS,
  REFUSE,
  type Refusal,
  type ResponseHead,
  type Snapshot,
  type Verdict,
} from "@shunt/core";
import { ClientConnection, type ClientEvents } from "./accept/client-connection.ts";
import type { Peers } from "./accept/peers.ts";
import type { Dispatcher } from "./classify/dispatch.ts";
import type { Backend } from "./connect/backend.ts";
import {
  ServerConnection,
  type ServerConnectionParts,
  type ServerEvents,
} from "./connect/server-connection.ts";
import { expectContent, handOnContent, replayContent } from "./forward/content.ts";
import { composeRequestHead } from "./forward/request-writer.ts";
import { mayRetry, RetryBudget } from "./forward/retry.ts";
import type { TimerWheel } from "./io/timer-wheel.ts";
import type { Turn } from "./io/turn.ts";
import type { Observer } from "./observe/observer.ts";
import { deliver, deliverHeld, isFull } from "./respond/delivery.ts";
import { endOf } from "./respond/ending.ts";
import { failureResponse, refusalResponse } from "./respond/own-response.ts";
import {
  chunkOf,
  composeResponseHead,
  endsWithConnection,
  isEnchunked,
  lastChunk,
} from "./respond/response-writer.ts";
import type { Selector } from "./select/selector.ts";
import type { Attempt } from "./track/attempt.ts";
import { Exchange } from "./track/exchange.ts";

export interface ServiceParts {
  readonly peers: Peers;
  readonly selector: Selector;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly head: ResponseHead;
  readonly observer: Observer;
  readonly clock: () => number;
  readonly requestId: () => string;
}

/**
 * The path of a request: accept, frame, classify, select, connect, forward, track, respond.
 * Every stage lives in a folder of that name and knows nothing of the others; only this file knows the order. The
 * first half tells the story of an exchange that goes well, the second what else can happen to it.
 */
export class Service implements ClientEvents, ServerEvents {
  readonly clients = new Set<ClientConnection>();
  draining = false;
  exchanges = 0;
  dispatcher!: Dispatcher;
  readonly #parts: ServiceParts;
  readonly #connectionParts: ServerConnectionParts;
  readonly #budget = new RetryBudget();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#connectionParts = { wheel: parts.wheel, turn: parts.turn, head: parts.head, events: this };
  }

  /** accept: a first connection. */
  accept(socket: Socket, config: DataPlaneConfig): void {
    const { peers, observer, clock } = this.#parts;
    const peer = peers.of(socket);
    observer.counters.connectionsAccepted++;
    this.clients.add(
      new ClientConnection(socket, peer.address, peer.trusted, config, {
        wheel: this.#parts.wheel,
        turn: this.#parts.turn,
        events: this,
        now: clock(),
      }),
    );
  }

  /** frame, classify: unread octets begin with a head; at the end of the turn they are judged. */
  heads(client: ClientConnection): void {
    if (client.classifying || client.unread.length === 0 || client.room === 0) return;
    client.classifying = true;
    client.headAt = this.#parts.clock();
    this.dispatcher.enqueue(client);
    this.#parts.turn.touch();
  }

  /** track: the request becomes an exchange, and starts if nothing before it on its connection forbids. */
  judged(client: ClientConnection, verdict: Verdict, snapshot: Snapshot): void {
    const exchange = this.#open(client, verdict, snapshot);
    client.append(exchange);
    if (exchange.has(HEAD_FLAG.CONTENT) && exchange.refusal === REFUSE.NONE) expectContent(exchange);
    this.#advance(client);
  }

  /** select, connect, forward: takes a ticket at the server that suits the request, and sends it there. */
  #start(exchange: Exchange): void {
    exchange.startedAt = this.#parts.clock();
    if (exchange.refusal !== REFUSE.NONE) {
      this.#answerOurselves(exchange, refusalResponse(exchange.refusal, exchange.flags), true);
      return;
    }
    this.#budget.countRequest();
    this.#attempt(exchange);
  }

  #attempt(exchange: Exchange): void {
    const attempt = this.#parts.selector.select(exchange);
    if (attempt === undefined) {
      this.#give(exchange, FAILURE.DESTINATION_UNAVAILABLE);
      return;
    }
    exchange.attempt = attempt;
    exchange.history = exchange.history.length === 0 ? [attempt] : [...exchange.history, attempt];
    const connection = this.#connectionTo(attempt);
    attempt.connection = connection;
    connection.begin(attempt, exchange.snapshot.config);
    exchange.state = connection.state === "connecting" ? "connecting" : "sending";
    if (connection.state !== "connecting") exchange.connectedAt = attempt.startedAt;
    replayContent(exchange, connection);
    if (!exchange.contentSent) this.content(exchange.client);
  }

  /** connect: a second connection to that server that is free, or a new one (claim C10). */
  #connectionTo({ backend, exchange }: Attempt): ServerConnection {
    const { counters } = this.#parts.observer;
    const bound = exchange.client.takeBound(backend);
    const idle = bound ?? backend.checkOut();
    if (idle === undefined) counters.serverConnectionsOpened++;
    else counters.serverConnectionsReused++;
    return idle ?? new ServerConnection(backend, exchange.snapshot.config, this.#connectionParts);
  }

  /** forward: content follows its head as it comes. */
  content(client: ClientConnection): void {
    const exchange = client.last;
    if (client.phase !== "content" || exchange === undefined) return;
    const outcome = handOnContent(exchange, exchange.attempt?.connection);
    if (outcome === "sent") this.#contentSent(exchange);
    else if (outcome !== "more") this.#refuseContent(exchange, outcome.refusal);
    this.#watch(client);
  }

  /** respond: the head, with the octets of the body that came with it, in its turn. */
  head(attempt: Attempt, head: ResponseHead, body: Uint8Array, complete: boolean): void {
    const { exchange } = attempt;
    attempt.backend.noteAnswer(attempt.startedAt);
    exchange.state = "answering";
    exchange.answerAt = this.#parts.clock();
    exchange.status = head.status;
    exchange.headSent = true;
    exchange.enchunked = isEnchunked(exchange, head);
    exchange.closes = this.#mustClose(exchange) || endsWithConnection(exchange, head);
    const composed = composeResponseHead(exchange, head, body);
    deliver(exchange, composed.octets);
    if (!composed.containsBody && body.length > 0) this.#deliverBody(exchange, body);
    this.#afterDelivery(attempt, complete);
  }

  body(attempt: Attempt, octets: Uint8Array, complete: boolean): void {
    if (octets.length > 0) this.#deliverBody(attempt.exchange, octets);
    this.#afterDelivery(attempt, complete);
  }

  #deliverBody(exchange: Exchange, octets: Uint8Array): void {
    if (exchange.enchunked) for (const piece of chunkOf(octets)) deliver(exchange, piece);
    else deliver(exchange, octets);
  }

  #afterDelivery(attempt: Attempt, complete: boolean): void {
    const { exchange } = attempt;
    if (complete) {
      if (exchange.enchunked) deliver(exchange, lastChunk());
      this.#answered(exchange);
    } else if (isFull(exchange)) {
      attempt.connection?.pause();
      this.#watch(exchange.client);
    }
  }

  /** track: every octet of the response is handed on or held; the ticket is given back. */
  #answered(exchange: Exchange): void {
    exchange.answered = true;
    exchange.attempt?.settle();
    if (exchange.due) this.#advanceQueue(exchange.client);
  }

  /** Takes off the queue what is answered, lets those behind have their turn, and starts what had to wait. */
  #advanceQueue(client: ClientConnection): void {
    for (let first = client.first; first?.answered; first = client.first) {
      const closes = first.closes || first.cut;
      client.shift();
      this.#settle(first);
      if (closes) {
        this.#abandonQueue(client);
        client.close();
        return;
      }
      if (client.first !== undefined) this.#due(client.first);
    }
    this.#advance(client);
    this.#proceed(client);
  }

  #due(exchange: Exchange): void {
    exchange.dueAt = this.#parts.clock();
    deliverHeld(exchange);
    if (!isFull(exchange)) exchange.attempt?.connection?.resume();
  }

  /** Starts the exchanges that may start now: runs of safe ones together, every other alone (RFC 9112 section 9.3.2). */
  #advance(client: ClientConnection): void {
    for (let next = client.takeStartable(); next !== undefined; next = client.takeStartable())
      this.#start(next);
  }

  // What else can happen.

  judgedAll(client: ClientConnection, stuck: boolean): void {
    if (stuck) this.#refuseUnread(client, REFUSE.CLASSIFIER);
    if (client.phase === "content") this.content(client);
    this.#proceed(client);
  }

  connected(attempt: Attempt): void {
    attempt.exchange.connectedAt = this.#parts.clock();
    attempt.exchange.state = "sending";
  }

  writable(of: ClientConnection | Attempt): void {
    if (of instanceof ClientConnection) this.#clientReads(of);
    else this.#serverReads(of);
  }

  #clientReads(client: ClientConnection): void {
    if (client.phase === "tunnel") client.tunnel?.connection?.resume();
    else client.first?.attempt?.connection?.resume();
    this.#watch(client);
  }

  #serverReads({ exchange }: Attempt): void {
    const { client } = exchange;
    client.contentBlocked = false;
    this.content(client);
    client.regulate();
  }

  interim(attempt: Attempt, head: ResponseHead): void {
    // An HTTP/1.0 client does not know interim responses (RFC 9110 section 15.2).
    if (attempt.exchange.has(HEAD_FLAG.HTTP_1_0)) return;
    deliver(attempt.exchange, composeResponseHead(attempt.exchange, head, NOTHING).octets);
  }

  /** The attempt failed: once more, at another server, if that is safe; else the client is told. */
  failed(attempt: Attempt, failure: Failure, detail: string): void {
    const { exchange, backend } = attempt;
    const { selector, observer } = this.#parts;
    attempt.failure = failure.code;
    attempt.settle();
    const stale = attempt.onReused && failure === FAILURE.CONNECTION_TERMINATED;
    const ejected = backend.noteFailure(failure, attempt.startedAt, selector.mayEject(backend));
    observer.attemptFailed(attempt, failure, detail, ejected);
    if (exchange.client.phase === "closed") return;
    if (exchange.client.phase === "tunnel") {
      this.#endTunnel(exchange, endOf(failure, "D"));
      return;
    }
    // A connection that was closed while idle says nothing about its server.
    if (!stale) selector.exclude(attempt);
    if (mayRetry(attempt, failure) && this.#retryAllowed(exchange)) this.#attempt(exchange);
    else this.#give(exchange, failure);
  }

  #retryAllowed(exchange: Exchange): boolean {
    const { retry } = exchange.snapshot.config;
    const { counters } = this.#parts.observer;
    if (exchange.history.length > retry.attempts) return false;
    const allowed = this.#budget.take(retry.budgetPercent, this.#parts.clock());
    if (allowed) counters.retries++;
    else counters.retriesOverBudget++;
    return allowed;
  }

  /** There will be no response from a server: ours, if none has begun; else the connection ends where it broke off. */
  #give(exchange: Exchange, failure: Failure): void {
    exchange.failure = failure.code;
    exchange.ended = endOf(failure, exchange.headSent ? "D" : "H");
    if (exchange.headSent) {
      exchange.cut = true;
      this.#answered(exchange);
      return;
    }
    const closes = this.#mustClose(exchange);
    exchange.status = failure.status;
    this.#answerOurselves(exchange, failureResponse(failure, exchange.flags, closes), closes);
  }

  #answerOurselves(exchange: Exchange, octets: Uint8Array, closes: boolean): void {
    exchange.answerAt = this.#parts.clock();
    exchange.headSent = true;
    exchange.closes = closes;
    deliver(exchange, octets);
    this.#answered(exchange);
  }

  #contentSent(exchange: Exchange): void {
    const { client } = exchange;
    exchange.contentSent = true;
    client.phase = "heads";
    client.contentBlocked = false;
    this.#proceed(client);
  }

  /** Content that is not well-formed: the server gets no more of it, and the client 400, if nothing was answered yet. */
  #refuseContent(exchange: Exchange, refusal: number): void {
    this.#parts.observer.refused(exchange.client, refusal, exchange.client.unread, 0);
    this.#drop(exchange);
    exchange.client.phase = "heads";
    exchange.client.lastRequestSeen = true;
    exchange.ended = "PR";
    exchange.failure = (REFUSALS[refusal] as Refusal).rule;
    if (exchange.headSent) {
      exchange.cut = true;
      this.#answered(exchange);
      return;
    }
    exchange.status = (REFUSALS[refusal] as Refusal).status;
    this.#answerOurselves(exchange, refusalResponse(refusal, exchange.flags), true);
  }

  /** What is unread is refused as a request of its own, in its turn. */
  #refuseUnread(client: ClientConnection, refusal: number): void {
    const verdict = this.#parts.observer.verdictOf(refusal);
    this.judged(client, verdict, this.dispatcher.snapshot);
  }

  /** Behind the last request, behind content, or in between: reads on, judges what came, closes what is over. */
  #proceed(client: ClientConnection): void {
    if (client.phase === "heads") {
      if (client.lastRequestSeen) client.consume(client.unread.length);
      if (!client.partial) this.heads(client);
      if (client.isOver) client.close();
    }
    client.regulate();
    this.#watch(client);
  }

  upgraded(attempt: Attempt, head: ResponseHead, rest: Uint8Array): void {
    const { exchange } = attempt;
    const { client } = exchange;
    exchange.status = head.status;
    exchange.state = "answering";
    exchange.headSent = true;
    exchange.answerAt = this.#parts.clock();
    deliver(exchange, composeResponseHead(exchange, head, NOTHING).octets);
    if (rest.length > 0) deliver(exchange, rest);
    client.tunnel = attempt;
    client.becomeTunnel();
  }

  tunnelled(from: ClientConnection | Attempt, octets: Uint8Array): void {
    if (from instanceof ClientConnection) {
      const attempt = from.tunnel as Attempt;
      attempt.exchange.bytesIn += octets.length;
      from.contentBlocked = attempt.connection?.send(octets) === false;
      from.regulate();
    } else {
      deliver(from.exchange, octets);
      if (isFull(from.exchange)) from.connection?.pause();
    }
  }

  tunnelEnded(attempt: Attempt): void {
    const { client } = attempt.exchange;
    client.outbox.end();
    attempt.serverEnded = true;
    if (client.halfClosed) this.#endTunnel(attempt.exchange, "--");
  }

  #endTunnel(exchange: Exchange, ended: string): void {
    exchange.ended = ended;
    this.#drop(exchange);
    exchange.client.destroy();
  }

  /** The client sent FIN: it still gets its answers (RFC 9112 section 9.6), but content must not end like this. */
  ended(client: ClientConnection): void {
    if (client.phase === "tunnel") {
      client.tunnel?.connection?.end();
      if (client.tunnel?.serverEnded) this.#endTunnel(client.tunnel.exchange, "--");
    } else if (client.phase === "content") client.destroy();
    else this.#proceed(client);
  }

  gone(client: ClientConnection): void {
    this.clients.delete(client);
    this.#abandonQueue(client);
  }

  /** Nobody waits for these any more: their attempts end, their tickets are given back. */
  #abandonQueue(client: ClientConnection): void {
    for (let exchange = client.first; exchange !== undefined; exchange = exchange.next) {
      if (exchange.ended === "--" && !exchange.answered) {
        exchange.ended = exchange.state === "answering" ? "CD" : "CH";
        if (exchange.status === 0) exchange.status = FAILURE.CLIENT_GONE.status;
      }
      this.#drop(exchange);
      this.#settle(exchange);
    }
    client.forgetQueue();
  }

  #drop(exchange: Exchange): void {
    const { attempt } = exchange;
    const connection = attempt?.connection;
    if (attempt !== undefined) attempt.connection = undefined;
    connection?.destroy();
    attempt?.settle();
  }

  late(client: ClientConnection): void {
    if (client.phase === "closing") client.destroy();
    else if (client.phase === "content" && !client.contentBlocked) this.#lateContent(client);
    else if (client.phase === "heads" && client.depth === 0) this.#lateHead(client);
    else if (client.stalled()) client.destroy();
    else this.#watch(client);
  }

  #lateHead(client: ClientConnection): void {
    if (client.classifying) this.#watch(client);
    else if (client.unread.length === 0) client.close();
    else this.#refuseUnread(client, REFUSE.HEAD_TIMEOUT);
  }

  #lateContent(client: ClientConnection): void {
    const exchange = client.last as Exchange;
    this.#refuseContent(exchange, REFUSE.BODY_TIMEOUT);
  }

  closedIdle(backend: Backend, reason: string): void {
    this.#parts.observer.closedIdle(backend, reason);
  }

  /** No new request behind the next response of each connection; those without one close now or with their limit. */
  drain(): void {
    this.draining = true;
    for (const client of this.clients) if (client.isIdle && client.requests === 0) client.close();
  }

  #open(client: ClientConnection, verdict: Verdict, snapshot: Snapshot): Exchange {
    const { observer, clock, requestId } = this.#parts;
    const received = client.unread.subarray(verdict.start, verdict.end);
    const exchange = new Exchange(client, snapshot, verdict, received, clock());
    this.exchanges++;
    if (verdict.refusal !== REFUSE.NONE) {
      observer.refused(client, verdict.refusal, client.unread, verdict.refusalAt);
      exchange.status = (REFUSALS[verdict.refusal] as Refusal).status;
      exchange.ended = "PR";
      exchange.failure = (REFUSALS[verdict.refusal] as Refusal).rule;
      client.lastRequestSeen = true;
    } else {
      exchange.id = requestId();
      exchange.requestHead = composeRequestHead(received, verdict, client.forwardedFor(exchange.id));
      exchange.bytesIn = received.length;
      if (!exchange.has(HEAD_FLAG.PERSISTENT)) client.lastRequestSeen = true;
    }
    return exchange;
  }

  /** The client connection cannot carry another request behind this response. */
  #mustClose(exchange: Exchange): boolean {
    if (!exchange.has(HEAD_FLAG.PERSISTENT) || !exchange.contentSent) return true;
    return this.draining && exchange === exchange.client.last;
  }

  #settle(exchange: Exchange): void {
    exchange.state = "settled";
    this.exchanges--;
    this.#parts.observer.settled(exchange);
  }

  /** Sets the time limit that fits what the connection waits for. */
  #watch(client: ClientConnection): void {
    const { timeouts } = client.config;
    if (client.phase === "content") client.expect(timeouts.bodyIdleMs);
    else if (client.phase === "heads" && client.depth > 0) client.expect(timeouts.bodyIdleMs);
    else if (client.phase === "heads" && client.unread.length === 0) client.expect(timeouts.clientIdleMs);
  }
}

const NOTHING = new Uint8Array(0);
