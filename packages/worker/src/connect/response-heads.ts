import { FieldNames, type Limits, LOAD_FIELD, ResponseHead } from "@shunt/core";
import type { Backend } from "./backend.ts";

/** Each has a parser with memory of its own. Servers beyond that share them. */
const HEADS = 8;

/**
 * What judges the heads of all responses. It costs little to judge a head that is, octet for octet, the one before it, and a
 * server often says the same about many of its answers in a row, where another server says something else: so each has
 * its own, as long as there are any.
 */
export class ResponseHeads {
  readonly #heads: ResponseHead[] = [];
  readonly #ofServer = new WeakMap<Backend, ResponseHead>();
  /** For answers of servers that say in them how loaded they are. */
  readonly announcing: ResponseHead;
  #limits: Limits;
  #given = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.announcing = new ResponseHead(new FieldNames([LOAD_FIELD]), limits);
  }

  /** Heads that are judged from now on are held to these. */
  set limits(limits: Limits) {
    this.#limits = limits;
    for (const head of [this.announcing, ...this.#heads]) head.limits = limits;
  }

  /** To be asked once for each connection. */
  of(backend: Backend): ResponseHead {
    const head = this.#ofServer.get(backend) ?? this.#next();
    this.#ofServer.set(backend, head);
    return head;
  }

  #next(): ResponseHead {
    const at = this.#given++ % HEADS;
    const head = this.#heads[at] ?? new ResponseHead(new FieldNames(), this.#limits);
    this.#heads[at] = head;
    return head;
  }
}
