import type { ResponseHead } from "@shunt/core";
import type { Peers } from "./accept/peers.ts";
import type { Dispatcher } from "./classify/dispatch.ts";
import type { ReadBuffers } from "./io/read-buffers.ts";
import type { TimerWheel } from "./io/timer-wheel.ts";
import type { Turn } from "./io/turn.ts";
import type { Observer } from "./observe/observer.ts";
import type { Selector } from "./select/selector.ts";

/** What the acceptor puts together for serving; see acceptor.ts. */
export interface ServiceParts {
  readonly peers: Peers;
  /** There once the acceptor has started. */
  readonly dispatcher: () => Dispatcher;
  readonly selector: Selector;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  /** Judges response heads, one for all server connections of the loop. */
  readonly head: ResponseHead;
  readonly readBuffers: ReadBuffers;
  readonly observer: Observer;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  readonly requestId: () => string;
}
