import type { FakeSocket, FarEnd } from "./socket.ts";

/**
 * A server that answers the first request of its connection with octets that were written before, and may then close.
 * Nothing behind that is answered.
 */
export class ScriptedServer implements FarEnd {
  /** Heads of requests that came. */
  requests = 0;
  readonly #socket: FakeSocket;
  readonly #pieces: readonly Buffer[];
  readonly #closes: boolean;

  constructor(socket: FakeSocket, pieces: readonly Buffer[], closes: boolean) {
    this.#socket = socket;
    this.#pieces = pieces;
    this.#closes = closes;
  }

  received(octets: Buffer): void {
    this.requests += octets.toString("latin1").split("\r\n\r\n").length - 1;
    if (this.requests !== 1) return;
    for (const piece of this.#pieces) this.#socket.arrive(Buffer.from(piece));
    if (this.#closes) this.#socket.arriveFin();
  }

  ended(how: "fin" | "reset"): void {
    if (how === "fin") this.#socket.arriveFin();
  }
}
