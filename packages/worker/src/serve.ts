import {
  FAILURE,
  HEAD_FLAG,
  parseAnnouncedLoad,
  REFUSE,
  type ResponseHead,
  type Snapshot,
  type Verdict,
} from "@shunt/core";
import { Admission } from "./accept/admission.ts";
import { ClientConnection, type ClientEvents, type ClientParts } from "./accept/client-connection.ts";
import type { OpenSocket } from "./accept/listener.ts";
import type { Peer } from "./accept/peers.ts";
import { Upkeep } from "./accept/upkeep.ts";
import { Backlog } from "./classify/backlog.ts";
import type { Backend } from "./connect/backend.ts";
import { Connector } from "./connect/connector.ts";
import { Overdue } from "./connect/overdue.ts";
import type { ServerEvents } from "./connect/server-connection.ts";
import {
  boundContent,
  type ContentOutcome,
  expectContent,
  handOnContent,
  handOnContentIn,
  replayContent,
} from "./forward/content.ts";
import { composeRequestHead } from "./forward/request-writer.ts";
import { Tunnels } from "./forward/tunnel.ts";
import { Inquiries } from "./inquiries.ts";
import { deliver, deliverBody, deliverHeld, isFull } from "./respond/delivery.ts";
import { finalRecipientResponse } from "./respond/final-recipient.ts";
import { refusalResponse } from "./respond/own-response.ts";
import {
  composeResponseHead,
  endsWithConnection,
  isEnchunked,
  lastChunk,
} from "./respond/response-writer.ts";
import type { ServiceParts } from "./serving.ts";
import type { Attempt } from "./track/attempt.ts";
import { Exchange } from "./track/exchange.ts";
import { Troubles } from "./troubles.ts";

/**
 * The path of a request. Each stage lives in a folder of its name and knows nothing of the others; only this file knows
 * the order, and its methods stand in it.
 *
 *   accept     a client connects                                            accept()             accept/
 *   frame      where its requests begin and end,                            heads()              classify/, core/http
 *   classify   and of which class each is: in a thread, in batches                               classify/, core/classify
 *   track      each becomes an exchange, in the queue of its connection     judged()             track/
 *   select     in its turn it gets a ticket at the server that suits it,    attempt()            select/, core/balance
 *   connect    a connection to that server, free, shared or new,            attempt()            connect/
 *   forward    and its head and content leave on it                         content()            forward/
 *   respond    the answer goes back, or waits for those before it           head(), body()       respond/
 *   settle     the ticket is given back; what waited behind it starts       answered(), settle() track/, observe/
 *
 * What else can happen to an exchange is told in troubles.ts; tunnels in forward/tunnel.ts; what becomes of a client
 * connection between exchanges in accept/upkeep.ts.
 */
export class Service implements ClientEvents, ServerEvents {
  /** Exchanges that are not settled. */
  exchanges = 0;
  readonly parts: ServiceParts;
  readonly upkeep = new Upkeep((client) => this.heads(client));
  /** What waits for classifier threads; while it is full no heads are read. */
  readonly backlog = new Backlog(() => this.upkeep.regulate());
  readonly admission: Admission;
  readonly tunnels: Tunnels;
  readonly #clientParts: ClientParts;
  readonly connector: Connector;
  readonly #troubles: Troubles;
  readonly #inquiries: Inquiries;

  constructor(parts: ServiceParts) {
    this.parts = parts;
    this.admission = new Admission(parts.observer.refusedConnections);
    this.#clientParts = { ...parts, backlog: this.backlog, events: this };
    this.#troubles = new Troubles(this);
    const { wheel, turn, heads, readBuffers, observer } = parts;
    this.connector = new Connector(
      {
        ...{ wheel, turn, heads, readBuffers },
        overdue: new Overdue(),
        mayRelieve: (requests) => this.#troubles.mayRelieve(requests),
        events: this,
      },
      observer.counters,
    );
    this.#inquiries = new Inquiries(this, this.#troubles);
    this.tunnels = new Tunnels(parts, (exchange, ended) => this.#troubles.cutTunnel(exchange, ended));
  }

  /** accept: a first connection (claim C1). `named`: who the client is, where that is told by a PROXY header. */
  accept(open: OpenSocket, listener: string, named?: Peer): void {
    const { config } = this.parts.dispatcher().snapshot;
    const client = new ClientConnection(open, listener, config, this.#clientParts, named);
    if (this.admission.admits(client)) this.upkeep.clients.add(client);
  }

  /** frame, classify: unread octets begin with a head; at the end of the turn they are judged. */
  heads(client: ClientConnection, now: number = this.parts.clock()): void {
    if (client.classifying || client.unread.length === 0 || client.room === 0 || client.owesTooMuch()) return;
    client.beginJudging(now);
    this.parts.dispatcher().enqueue(client);
    this.parts.turn.touch();
  }

  /** track: a judged request becomes an exchange (claim C12), and starts unless one before it forbids. */
  judged(client: ClientConnection, verdict: Verdict, snapshot: Snapshot): void {
    const { unread } = client;
    const isAll = verdict.start === 0 && verdict.end === unread.length;
    const received = isAll ? unread : unread.subarray(verdict.start, verdict.end);
    const exchange = new Exchange(client, snapshot, verdict, received, this.parts.clock());
    this.exchanges++;
    if (exchange.refusal !== REFUSE.NONE)
      this.parts.observer.refused(exchange, client.unread, verdict.refusalAt);
    else {
      exchange.id = this.parts.requestId();
      if (!exchange.has(HEAD_FLAG.CONTENT_DECIDES)) this.#compose(exchange, verdict);
    }
    client.append(exchange);
    if (exchange.has(HEAD_FLAG.CONTENT)) this.#expectContent(exchange);
    this.#advance(client);
  }

  /** Content that no server will see is not waited for: its connection closes behind the answer. */
  #expectContent(exchange: Exchange): void {
    if (exchange.has(HEAD_FLAG.FINAL_RECIPIENT)) exchange.client.lastRequestSeen = true;
    else if (exchange.refusal === REFUSE.NONE) expectContent(exchange);
  }

  #compose(exchange: Exchange, verdict: Verdict): void {
    const { client, received, id } = exchange;
    exchange.requestHead = composeRequestHead(received, verdict, client.forwardedBy, id);
  }

  judgedAll(client: ClientConnection, stuck: boolean): void {
    if (stuck) this.#troubles.refuseUnread(client, REFUSE.CLASSIFIER);
    if (client.phase === "content") this.content(client);
    this.upkeep.proceed(client);
  }

  /** Starts what may start now: runs of safe requests together, every other alone (RFC 9112 section 9.3.2). */
  #advance(client: ClientConnection): void {
    for (let next = client.takeStartable(); next !== undefined; next = client.takeStartable())
      if (!this.#start(next)) return;
  }

  /** Returns false when it waits for others of its client. */
  #start(exchange: Exchange): boolean {
    const now = this.parts.clock();
    exchange.startedAt = now;
    if (exchange.refusal !== REFUSE.NONE)
      this.#troubles.answer(exchange, refusalResponse(exchange.refusal, exchange.flags), true);
    else if (exchange.has(HEAD_FLAG.FINAL_RECIPIENT)) this.#answerOurselves(exchange);
    else if (exchange.has(HEAD_FLAG.CONTENT_DECIDES)) this.#inquire(exchange);
    else return this.#send(exchange, now);
    return true;
  }

  /** The request may go no further (RFC 9110 section 7.6.2). */
  #answerOurselves(exchange: Exchange): void {
    const closes = exchange.has(HEAD_FLAG.CONTENT) || this.upkeep.mustClose(exchange);
    exchange.status = 200;
    this.#troubles.answer(exchange, finalRecipientResponse(exchange, closes), closes);
  }

  /** classify: content decides, so it is judged with its head before a server is chosen (claim C4). */
  #inquire(exchange: Exchange): void {
    this.#inquiries.begin(exchange);
    this.content(exchange.client);
  }

  decided(exchange: Exchange, verdict: Verdict, snapshot: Snapshot): void {
    const now = this.parts.clock();
    exchange.decided(verdict, snapshot, now);
    this.#compose(exchange, verdict);
    this.#send(exchange, now);
  }

  /** Nobody fails because its own client has filled the servers: it waits, as it would without pipelining. */
  #send(exchange: Exchange, now: number): boolean {
    if (!boundContent(exchange)) this.#troubles.refuseContent(exchange, REFUSE.BODY_BYTES);
    else if (!this.tunnels.admits(exchange)) this.#troubles.give(exchange, FAILURE.TUNNELS);
    else if (!this.attempt(exchange, now)) {
      if (exchange.client.queue.postpone(exchange)) return false;
      this.#troubles.give(exchange, FAILURE.DESTINATION_UNAVAILABLE);
    }
    return true;
  }

  /**
   * select, connect, forward: a ticket at the server that suits the request, a connection there, the head on it.
   * Returns false when no server takes it.
   */
  attempt(exchange: Exchange, now: number = this.parts.clock()): boolean {
    const attempt = this.parts.selector.select(exchange, now);
    if (attempt === undefined) return false;
    const connection = this.connector.connect(attempt);
    exchange.began(attempt, connection.state !== "connecting");
    attempt.connection = connection;
    connection.begin(attempt, exchange.snapshot.config);
    replayContent(exchange, connection);
    if (!exchange.contentSent) this.content(exchange.client);
    return true;
  }

  connected(attempt: Attempt): void {
    // To one that was moved its new connection is a part of the answer's time.
    if (attempt.moved) return;
    attempt.exchange.connectedAt = this.parts.clock();
    attempt.exchange.state = "sending";
  }

  /** forward: content follows its head as it comes, no faster than the server takes it. */
  content(client: ClientConnection): void {
    const exchange = client.queue.last;
    // While verdicts are read, heads still lie before the content.
    if (client.phase !== "content" || client.classifying || exchange === undefined) return;
    if (exchange.inquiry !== undefined) this.#inquiries.look(exchange, exchange.inquiry);
    else this.#afterContent(exchange, handOnContent(exchange, exchange.attempt?.connection));
  }

  contentIn(client: ClientConnection, octets: Buffer, buffer: Uint8Array): boolean {
    const exchange = client.queue.last;
    const connection = exchange?.attempt?.connection;
    if (exchange === undefined || connection === undefined || client.contentBlocked) return false;
    this.#afterContent(exchange, handOnContentIn(exchange, connection, octets, buffer));
    return true;
  }

  #afterContent(exchange: Exchange, outcome: ContentOutcome): void {
    const { client } = exchange;
    if (outcome === "sent") this.upkeep.proceed(client);
    else if (outcome !== "more") this.#troubles.refuseContent(exchange, outcome.refusal, outcome.at);
    else if (client.breaksContentOff) this.#troubles.refuseContent(exchange, REFUSE.CONTENT_INCOMPLETE);
    else if (client.sendsSlowly(exchange)) this.#troubles.refuseContent(exchange, REFUSE.BODY_RATE);
    client.regulate();
    this.upkeep.watch(client);
  }

  interim(attempt: Attempt, head: ResponseHead): void {
    const { exchange } = attempt;
    // An HTTP/1.0 client does not know interim responses (RFC 9110 section 15.2).
    if (exchange.has(HEAD_FLAG.HTTP_1_0) || (exchange.invited && head.status === CONTINUE)) return;
    deliver(exchange, composeResponseHead(exchange, head, NOTHING).octets);
    this.#pauseIfFull(attempt);
  }

  /** respond: the head of the answer, with what of the body came with it, in its turn. */
  head(attempt: Attempt, head: ResponseHead, body: Uint8Array, complete: boolean): void {
    const { exchange } = attempt;
    const now = this.parts.clock();
    if (attempt.backend.noteAnswer(attempt.startedAt, head.status, now))
      this.parts.observer.revived(attempt.backend);
    exchange.answers(head.status, now);
    exchange.enchunked = isEnchunked(exchange, head);
    exchange.untilClose = endsWithConnection(exchange, head);
    exchange.closes = exchange.untilClose || this.upkeep.mustClose(exchange);
    const composed = composeResponseHead(exchange, head, body);
    deliver(exchange, composed.octets);
    this.body(attempt, composed.containsBody ? NOTHING : body, undefined, complete);
  }

  /** respond: the body follows as it comes, no faster than the client takes it. */
  body(attempt: Attempt, octets: Uint8Array, buffer: Uint8Array | undefined, complete: boolean): void {
    const { exchange } = attempt;
    deliverBody(exchange, octets, buffer);
    if (complete) {
      if (exchange.enchunked) deliver(exchange, lastChunk());
      this.answered(exchange);
    } else this.#pauseIfFull(attempt);
  }

  #pauseIfFull({ exchange, connection }: Attempt): void {
    if (!isFull(exchange)) return;
    connection?.pause();
    this.upkeep.watch(exchange.client);
  }

  /** track: every octet of the response is handed on, or held for its turn. The ticket is given back. */
  answered(exchange: Exchange): void {
    exchange.answered = true;
    exchange.attempt?.settle();
    if (exchange.due) this.#settleAnswered(exchange.client);
    else if (exchange.client.queue.postponed) this.#advance(exchange.client);
  }

  /** settle: what is answered leaves the queue, the next has its turn, and what had to wait starts. */
  #settleAnswered(client: ClientConnection): void {
    for (let first = client.queue.first; first?.answered; first = client.queue.first) {
      client.shift();
      this.settle(first);
      if (first.closes || first.cut) {
        this.#troubles.abandon(client);
        if (first.cut && first.untilClose) client.breakOff();
        else client.close();
        return;
      }
      if (client.queue.first !== undefined) this.#due(client.queue.first);
    }
    this.#advance(client);
    this.upkeep.proceed(client);
  }

  #due(exchange: Exchange): void {
    exchange.dueAt = this.parts.clock();
    deliverHeld(exchange);
    if (!isFull(exchange)) exchange.attempt?.connection?.resume();
  }

  settle(exchange: Exchange): void {
    exchange.state = "settled";
    this.exchanges--;
    if (exchange.has(HEAD_FLAG.UPGRADE)) this.tunnels.settled(exchange);
    this.parts.observer.settled(exchange);
  }

  // What the connections tell besides, each for the file that knows about it.

  writable = (of: ClientConnection | Attempt): void => {
    if (of instanceof ClientConnection) this.#clientTakesMore(of);
    else this.#serverTakesMore(of.exchange.client);
  };

  #clientTakesMore(client: ClientConnection): void {
    if (client.phase !== "tunnel" && client.readsSlowly()) {
      this.#troubles.cutReader(client);
      return;
    }
    const attempt = client.tunnel ?? client.queue.first?.attempt;
    attempt?.connection?.resume();
    this.upkeep.proceed(client);
  }

  #serverTakesMore(client: ClientConnection): void {
    client.contentBlocked = false;
    this.content(client);
    client.regulate();
  }

  announced = (backend: Backend, text: string): void => {
    const load = parseAnnouncedLoad(text);
    if (load === undefined) this.parts.observer.counters.announcedLoadsIgnored++;
    else backend.noteAnnounced(load);
  };

  moved: Troubles["moved"] = (attempt, reason) => this.#troubles.moved(attempt, reason);
  failed: Troubles["failed"] = (attempt, failure, detail) => this.#troubles.failed(attempt, failure, detail);
  gone: Troubles["gone"] = (client) => {
    this.admission.left(client);
    this.#troubles.gone(client);
  };
  late: Troubles["late"] = (client) => this.#troubles.late(client);
  closedIdle: Troubles["closedIdle"] = (backend, reason) => this.#troubles.closedIdle(backend, reason);
  upgraded: Tunnels["upgraded"] = (attempt, head, rest) => this.tunnels.upgraded(attempt, head, rest);
  tunnelled: Tunnels["tunnelled"] = (from, octets) => this.tunnels.tunnelled(from, octets);
  tunnelEnded: Tunnels["tunnelEnded"] = (attempt) => this.tunnels.tunnelEnded(attempt);

  /** The client sent FIN: it still gets its answers (RFC 9112 section 9.6), if all content has come. */
  ended(client: ClientConnection): void {
    if (client.phase === "tunnel") this.tunnels.clientEnded(client);
    else if (client.phase === "content") this.content(client);
    else this.upkeep.proceed(client);
  }
}

const NOTHING = new Uint8Array(0);
/** 100 (Continue), which the client may have had from us. */
const CONTINUE = 100;
