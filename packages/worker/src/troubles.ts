import { FAILURE, type Failure, FIXED, REFUSE } from "@shunt/core";
import type { ClientConnection } from "./accept/client-connection.ts";
import type { Backend } from "./connect/backend.ts";
import type { MoveReason } from "./connect/server-connection.ts";
import { mayRetry, RetryBudget } from "./forward/retry.ts";
import { Counters } from "./observe/counters.ts";
import { deliver, withdraw } from "./respond/delivery.ts";
import { endOf } from "./respond/ending.ts";
import { failureResponse, refusalResponse } from "./respond/own-response.ts";
import type { Serving } from "./serving.ts";
import type { Attempt } from "./track/attempt.ts";
import type { Exchange } from "./track/exchange.ts";

/**
 * What can happen to an exchange besides going well: its server fails it, it is refused, its client leaves or is late.
 * Whatever it is, the ticket is given back, the other exchanges of the connection are not touched, and the client gets
 * exactly one answer, or, once that has begun, an end that it cannot take for a whole one.
 */
export class Troubles {
  readonly #service: Serving;
  readonly #budget = new RetryBudget();
  readonly #reliefs = new RetryBudget();

  constructor(service: Serving) {
    this.#service = service;
  }

  /** The attempt failed: once more, at another server, if that is safe; else the client is told. */
  failed(attempt: Attempt, failure: Failure, detail: string): void {
    const { exchange, backend } = attempt;
    const { selector, observer } = this.#service.parts;
    attempt.failure = failure.code;
    attempt.stale = attempt.onReused && failure === FAILURE.CONNECTION_TERMINATED;
    attempt.settle();
    const ejected =
      !attempt.stale && backend.noteFailure(failure, attempt.startedAt, selector.mayEject(backend));
    observer.attemptFailed(attempt, failure, detail, ejected);
    if (exchange.client.phase === "closed" && exchange.client.tunnel !== attempt) return;
    if (!attempt.stale) selector.exclude(attempt);
    if (exchange.client.tunnel === attempt) this.cutTunnel(exchange, endOf(failure, "D"));
    else {
      withdraw(exchange);
      if (!mayRetry(attempt, failure) || !this.#retry(attempt)) this.give(exchange, failure);
    }
  }

  /**
   * It waited for others on its connection, and waits there no longer. It is safe, so it is sent once more, to the same
   * server and alone: nothing has failed, and its ticket stands.
   */
  moved(attempt: Attempt, reason: MoveReason): void {
    const { exchange } = attempt;
    if (exchange.state === "settled") return;
    Counters.add(this.#service.parts.observer.counters.requestsMoved, reason);
    const connection = this.#service.connector.apart(attempt, reason === "broken");
    attempt.moved = true;
    attempt.connection = connection;
    connection.begin(attempt, exchange.snapshot.config);
  }

  /** Of so many requests that wait behind a late answer. */
  mayRelieve(requests: number): boolean {
    const { observer, clock } = this.#service.parts;
    return this.#reliefs.take(FIXED.relievedPercent, observer.counters.exchangesSettled, clock(), requests);
  }

  /** There will be no answer from a server: ours, if none has begun to leave; else the connection ends where it broke off. */
  give(exchange: Exchange, failure: Failure): void {
    exchange.failure = failure.code;
    exchange.ended = endOf(failure, exchange.headSent ? "D" : "H");
    if (exchange.headSent) this.#cut(exchange);
    else {
      const closes = this.#service.upkeep.mustClose(exchange);
      exchange.status = failure.status;
      this.answer(exchange, failureResponse(failure, exchange.flags, closes), closes);
    }
  }

  /** An answer of our own. */
  answer(exchange: Exchange, octets: Uint8Array, closes: boolean): void {
    exchange.answers(exchange.status, this.#service.parts.clock());
    exchange.closes = closes;
    deliver(exchange, octets);
    this.#service.answered(exchange);
  }

  /** Content that is not well-formed or does not come: the server gets no more of it, the client is told if it can be. */
  refuseContent(exchange: Exchange, refusal: number, at = 0): void {
    const { client } = exchange;
    exchange.refused(refusal);
    exchange.inquiry = undefined;
    this.#service.parts.observer.refused(exchange, client.unread, at);
    this.#drop(exchange);
    client.phase = "heads";
    client.lastRequestSeen = true;
    if (exchange.headSent) this.#cut(exchange);
    else this.answer(exchange, refusalResponse(refusal, exchange.flags), true);
  }

  /** What is unread is refused as a request of its own, in its turn. */
  refuseUnread(client: ClientConnection, refusal: number): void {
    const { observer, dispatcher } = this.#service.parts;
    this.#service.judged(client, observer.verdictOf(refusal), dispatcher().snapshot);
  }

  gone(client: ClientConnection): void {
    this.#service.upkeep.clients.delete(client);
    if (!endsInOrder(client)) this.abandon(client);
  }

  /** Nobody waits for these any more: their attempts end, their tickets are given back. */
  abandon(client: ClientConnection): void {
    for (let exchange = client.queue.first; exchange !== undefined; exchange = exchange.next) {
      // What waits for its turn has not left either.
      if (!exchange.answered || !exchange.due) exchange.abandoned(FAILURE.CLIENT_GONE.status);
      this.#drop(exchange);
      this.#service.settle(exchange);
    }
    client.forgetQueue();
  }

  cutTunnel(exchange: Exchange, ended: string): void {
    const { client } = exchange;
    exchange.ended = ended;
    exchange.answered = true;
    this.abandon(client);
    // What the server sent last still has to leave; and what broke off must not look whole.
    if (ended === "--") client.close();
    else if (ended === TUNNEL_IDLE) client.destroy();
    else client.breakOff();
  }

  /** A time limit of the client passed. What it is late with depends on what is waited for; see accept/time-limit.ts. */
  late(client: ClientConnection): void {
    if (client.phase === "closing") client.destroy();
    else if (client.owesContent) this.refuseContent(client.queue.last as Exchange, REFUSE.BODY_TIMEOUT);
    else if (client.owesHead) this.#lateHead(client);
    else if (client.stalled() || client.readsSlowly()) this.cutReader(client);
    else this.#service.upkeep.watch(client);
  }

  /** The client takes nothing of its answers, or so little that they would be held for ever. */
  cutReader(client: ClientConnection): void {
    if (client.queue.first !== undefined) client.queue.first.ended = "cD";
    this.#service.parts.observer.cutReader(client.address.text, client.outbox.pending);
    client.destroy();
  }

  closedIdle(backend: Backend, reason: string): void {
    this.#service.parts.observer.closedIdle(backend, reason);
  }

  #lateHead(client: ClientConnection): void {
    // It was not read meanwhile: the time was ours.
    if (this.#service.backlog.isFull) client.expect(client.config.timeouts.headMs);
    else if (client.unread.length === 0) client.close();
    else this.refuseUnread(client, REFUSE.HEAD_TIMEOUT);
  }

  /** Returns false when there is no retry left, or nobody to take it: then the last failure is the answer. */
  #retry({ exchange, stale }: Attempt): boolean {
    const { counters } = this.#service.parts.observer;
    if (!this.#mayTryAgain(exchange, stale)) return false;
    const found = this.#service.attempt(exchange);
    if (found) counters.retries++;
    return found;
  }

  /**
   * Neither number nor budget of attempts are for connections that were closed meanwhile: the servers had no work with
   * those, and there is one at most before each attempt that counts, since what follows has a new connection.
   */
  #mayTryAgain(exchange: Exchange, stale: boolean): boolean {
    const { retry } = exchange.snapshot.config;
    const { counters } = this.#service.parts.observer;
    if (stale) return retry.attempts > 0;
    if (exchange.tries > retry.attempts) return false;
    if (this.#budget.take(retry.budgetPercent, counters.exchangesSettled, this.#service.parts.clock()))
      return true;
    counters.retriesOverBudget++;
    return false;
  }

  #cut(exchange: Exchange): void {
    exchange.cut = true;
    this.#service.answered(exchange);
  }

  #drop(exchange: Exchange): void {
    const { attempt } = exchange;
    if (attempt?.connection === undefined) attempt?.settle();
    else attempt.connection.leave(attempt);
  }
}

/** A time limit passed; nothing broke off. */
const TUNNEL_IDLE = "sD";

/** Both sides have ended their tunnel: what the client sent last may still have to leave. */
function endsInOrder({ tunnel, halfClosed }: ClientConnection): boolean {
  return halfClosed && tunnel?.serverEnded === true;
}
