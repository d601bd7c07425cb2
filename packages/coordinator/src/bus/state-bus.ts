import type { AcceptorMessage, Publication, Question, ServerHealth } from "@shunt/core";

/** An acceptor at the other end of the state bus. */
export interface BusPeer {
  send(question: Question): void;
  /** It is not listened to any more; it may come again. `reason` is for the log. */
  close(reason: string): void;
}

/** What is heard on the state bus. Any coordinator hears all acceptors, whether it leads or stands by. */
export interface BusListener {
  onMessage(peer: BusPeer, message: AcceptorMessage): void;
  onGone(peer: BusPeer): void;
}

/**
 * Between coordinators and acceptors: a Unix socket on one host, Redis on many. Never waits for an acceptor, and no
 * acceptor waits for it.
 */
export interface StateBus {
  listen(): Promise<void>;
  /** Tells all acceptors, those included that come later; the last of each kind holds. Only a leader publishes. */
  publish(publication: Publication): void;
  /** What was published last about the health of servers, by whichever coordinator; undefined when it cannot be read. */
  lastHealth(): Promise<readonly ServerHealth[] | undefined>;
  close(): Promise<void>;
}
