import type { Socket } from "node:net";
import { FIXED } from "@shunt/core";
import { DirectWrites } from "./direct-writes.ts";
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
  readonly #direct: DirectWrites;

  /** `failed` is told when octets that had to wait will never be taken; without it that destroys the socket. */
  constructor(
    socket: Socket,
    turn: Turn,
    buffers: ReadBuffers,
    drained: () => void,
    failed: (error: Error) => void = (error) => socket.destroy(error),
  ) {
    this.#socket = socket;
    this.#buffers = buffers;
    this.#turn = turn;
    this.#drained = drained;
    this.#direct = new DirectWrites(socket, (lent) => this.#completed(lent), failed);
    socket.on("drain", () => this.#tellDrained());
  }

  /** Octets that the kernel has not taken yet. */
  get pending(): number {
    return this.#bytes + this.#handedOver;
  }

  /** Those of them that were handed over already, and wait below us. */
  get #handedOver(): number {
    return this.#socket.writableLength + this.#direct.waiting;
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
   * Sends octets that lie in `buffer`, at once and without a copy; the buffer is lent until the kernel has taken them, which
   * mostly is at once. Where there is none to lend, they are copied into one of ours; where they are few, they leave with
   * the others of this turn. Returns whether it was lent.
   */
  lend(octets: Uint8Array, buffer: Uint8Array | undefined): boolean {
    if (this.#ended || octets.length === 0) return false;
    if (this.#shouldJoin(octets, buffer)) {
      this.push(Buffer.from(octets));
      return false;
    }
    if (this.#piece !== undefined) this.flush();
    if (!this.#socket.writable) return false;
    this.pushed += octets.length;
    if (buffer !== undefined) return this.#sendFrom(buffer, octets);
    const ours = this.#buffers.take();
    ours.set(octets);
    if (!this.#sendFrom(ours, ours.subarray(0, octets.length))) this.#buffers.giveBack(ours);
    return false;
  }

  /** A buffer that waits for a slow reader should not be nearly empty. */
  #shouldJoin({ length }: Uint8Array, buffer: Uint8Array | undefined): boolean {
    if (buffer === undefined && length > FIXED.readBytes) return true;
    return length < (this.#handedOver > 0 ? FIXED.readBytes / 2 : COPIED_BYTES);
  }

  /** Returns whether the kernel still needs the buffer. */
  #sendFrom(buffer: Uint8Array, octets: Uint8Array): boolean {
    const before = this.#direct.waiting;
    if (!this.#direct.write(octets, buffer)) this.#socket.write(octets, () => this.#buffers.takeBack(buffer));
    // Others may still count as waiting that the kernel has taken meanwhile: we are told of them later.
    else if (this.#direct.waiting === before) return false;
    this.#buffers.lend(buffer);
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
    if (this.#awaited && !this.#socket.writableNeedDrain && this.#direct.waiting === 0) this.#tellDrained();
  }

  #completed(lent: Uint8Array | undefined): void {
    if (lent !== undefined) this.#buffers.takeBack(lent);
    if (this.#direct.waiting === 0 && this.#socket.writable) this.#tellDrained();
  }

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
    if (pieces !== undefined && bytes > JOIN_BYTES) {
      if (this.#direct.writeAll(pieces, bytes)) return;
      socket.cork();
      for (const piece of pieces) socket.write(piece);
      socket.uncork();
      return;
    }
    const octets = pieces === undefined ? piece : Buffer.concat(pieces, bytes);
    if (!this.#direct.write(octets)) socket.write(octets);
  }
}
