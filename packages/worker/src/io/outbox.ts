import type { Socket } from "node:net";
import type { Flushable, Turn } from "./turn.ts";

/** Below this, copying pieces together costs less than handing several to the kernel. */
const JOIN_BYTES = 16_384;

/** What one socket is to send: pieces of a turn leave as one write. */
export class Outbox implements Flushable {
  readonly #socket: Socket;
  readonly #turn: Turn;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #endAfter = false;
  #ended = false;

  constructor(socket: Socket, turn: Turn) {
    this.#socket = socket;
    this.#turn = turn;
  }

  /** Octets that the kernel has not taken yet. */
  get pending(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  push(piece: Uint8Array): void {
    if (this.#ended || piece.length === 0) return;
    if (this.#pieces.length === 0 && !this.#endAfter) this.#turn.add(this);
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Sends what there is, then FIN. Nothing can be pushed any more. */
  end(): void {
    if (this.#ended) return;
    if (this.#pieces.length === 0) this.#turn.add(this);
    this.#endAfter = true;
    this.#ended = true;
  }

  flush(): void {
    const pieces = this.#pieces;
    if (pieces.length > 0) {
      const bytes = this.#bytes;
      this.#pieces = [];
      this.#bytes = 0;
      this.#write(pieces, bytes);
    }
    if (this.#endAfter) {
      this.#endAfter = false;
      this.#socket.end();
    }
  }

  #write(pieces: Uint8Array[], bytes: number): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (pieces.length === 1) socket.write(pieces[0] as Uint8Array);
    else if (bytes <= JOIN_BYTES) socket.write(Buffer.concat(pieces, bytes));
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
  }
}
