import type { Socket } from "node:net";
import type { ReadBuffers } from "./read-buffers.ts";
import type { Flushable, Turn } from "./turn.ts";

/** Below this, copying pieces together costs less than handing several to the kernel. */
const JOIN_BYTES = 16_384;

/** Below this, a copy that leaves with what else is sent in the turn costs less than a write of its own. */
const COPIED_BYTES = 8_192;

/**
 * What one socket is to send: pieces of a turn leave as one write. `drained` is told whenever the kernel has taken what
 * waited, and in any case at some time after `isFull`.
 */
export class Outbox implements Flushable {
  readonly #socket: Socket;
  readonly #turn: Turn;
  /** The first piece, and those behind it: mostly there is one, and no array is made for it. */
  #piece: Uint8Array | undefined = undefined;
  #pieces: Uint8Array[] | undefined = undefined;
  #bytes = 0;
  /** Octets that were ever to be sent. */
  pushed = 0;
  /** How often what waited was handed to the kernel. */
  flushes = 0;
  #dirty = false;
  #endAfter = false;
  #ended = false;
  /** Somebody waits for `drained`. */
  #awaited = false;
  readonly #drained: () => void;
  readonly #buffers: ReadBuffers;
  /** Buffers that are being sent from, in the order of their writes. */
  readonly #lent: Uint8Array[] = [];

  constructor(socket: Socket, turn: Turn, buffers: ReadBuffers, drained: () => void) {
    this.#socket = socket;
    this.#buffers = buffers;
    this.#turn = turn;
    this.#drained = drained;
    socket.on("drain", () => this.#tellDrained());
  }

  /** Octets that the kernel has not taken yet. */
  get pending(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** Octets that the kernel has taken. */
  get taken(): number {
    return this.pushed - this.pending;
  }

  /** Whether so much waits that nothing should be added before `drained`. */
  isFull(bytes: number): boolean {
    if (this.pending < bytes) return false;
    this.#awaited = true;
    this.#touch();
    return true;
  }

  push(piece: Uint8Array): void {
    if (this.#ended || piece.length === 0) return;
    this.#touch();
    if (this.#piece === undefined) this.#piece = piece;
    else if (this.#pieces === undefined) this.#pieces = [this.#piece, piece];
    else this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.pushed += piece.length;
  }

  /**
   * Sends octets that lie in `buffer`, at once and without a copy where nothing waits before them; the buffer is then
   * lent until the kernel has taken them. Where they have to wait, and where there is none to lend, they are copied.
   * Returns whether it was lent.
   */
  lend(octets: Uint8Array, buffer: Uint8Array | undefined): boolean {
    if (this.#ended || octets.length === 0) return false;
    if (buffer === undefined || octets.length < COPIED_BYTES || this.#socket.writableLength > 0) {
      this.push(Buffer.from(octets));
      return false;
    }
    if (this.#piece !== undefined) this.flush();
    if (!this.#socket.writable) return false;
    this.#buffers.lend(buffer);
    this.#lent.push(buffer);
    this.pushed += octets.length;
    this.#socket.write(octets, this.#taken);
    return true;
  }

  /** Sends what there is, then FIN. Nothing can be pushed any more. */
  end(): void {
    if (this.#ended) return;
    this.#touch();
    this.#endAfter = true;
    this.#ended = true;
  }

  flush(): void {
    this.#dirty = false;
    this.flushes++;
    const piece = this.#piece;
    if (piece !== undefined) {
      const pieces = this.#pieces;
      const bytes = this.#bytes;
      this.#piece = undefined;
      this.#pieces = undefined;
      this.#bytes = 0;
      this.#write(piece, pieces, bytes);
    }
    if (this.#endAfter) {
      this.#endAfter = false;
      this.#socket.end();
    }
    // A write that the kernel takes as a whole brings no event: whoever waits is told here.
    if (this.#awaited && !this.#socket.writableNeedDrain) this.#tellDrained();
  }

  readonly #taken = (): void => {
    const buffer = this.#lent.shift();
    if (buffer !== undefined) this.#buffers.takeBack(buffer);
  };

  #tellDrained(): void {
    this.#awaited = false;
    this.#drained();
  }

  /** Flushes at the end of this turn. */
  #touch(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#turn.add(this);
  }

  #write(piece: Uint8Array, pieces: Uint8Array[] | undefined, bytes: number): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (pieces === undefined) socket.write(piece);
    else if (bytes <= JOIN_BYTES) socket.write(Buffer.concat(pieces, bytes));
    else {
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
    }
  }
}
