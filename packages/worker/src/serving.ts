import type { Snapshot, Verdict } from "@shunt/core";
import type { ClientConnection } from "./accept/client-connection.ts";
import type { Peers } from "./accept/peers.ts";
import type { Upkeep } from "./accept/upkeep.ts";
import type { Backlog } from "./classify/backlog.ts";
import type { Dispatcher } from "./classify/dispatch.ts";
import type { Connector } from "./connect/connector.ts";
import type { ResponseHeads } from "./connect/response-heads.ts";
import type { ReadBuffers } from "./io/read-buffers.ts";
import type { TimerWheel } from "./io/timer-wheel.ts";
import type { Turn } from "./io/turn.ts";
import type { Observer } from "./observe/observer.ts";
import type { Selector } from "./select/selector.ts";
import type { Exchange } from "./track/exchange.ts";

/** What troubles need of whoever serves; serve.ts is it. */
export interface Serving {
  readonly parts: ServiceParts;
  readonly upkeep: Upkeep;
  readonly backlog: Backlog;
  readonly connector: Connector;
  attempt(exchange: Exchange, now?: number): boolean;
  decided(exchange: Exchange, verdict: Verdict, snapshot: Snapshot): void;
  judged(client: ClientConnection, verdict: Verdict, snapshot: Snapshot): void;
  answered(exchange: Exchange): void;
  settle(exchange: Exchange): void;
}

/** What the acceptor puts together for serving; see acceptor.ts. */
export interface ServiceParts {
  readonly peers: Peers;
  /** There once the acceptor has started. */
  readonly dispatcher: () => Dispatcher;
  readonly selector: Selector;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  readonly heads: ResponseHeads;
  readonly readBuffers: ReadBuffers;
  readonly observer: Observer;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly requestId: () => string;
}
