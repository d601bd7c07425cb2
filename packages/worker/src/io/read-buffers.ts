import { FIXED } from "@shunt/core";

/** Most heads are shorter, and so are their answers. */
const KEPT_VIEWS = 2_048;

/** What the connections of one loop read into. */
export class ReadBuffers {
  /** For octets that nobody needs any more when they were looked at. */
  readonly shared: Uint8Array = Buffer.allocUnsafeSlow(FIXED.readBytes);
  /** Views of the shared one by their length: heads are read with every request, and a view costs as much as a copy. */
  readonly #views: (Buffer | undefined)[] = new Array(KEPT_VIEWS).fill(undefined);
  readonly #free: Uint8Array[] = [];
  /** The kernel is to take octets from these: until it has, nobody reads into them. */
  readonly #lent = new Set<Uint8Array>();

  /** What was read into a buffer, until it is read into again. */
  view(buffer: Uint8Array, octets: number): Buffer {
    if (buffer !== this.shared || octets >= KEPT_VIEWS)
      return Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, octets);
    this.#views[octets] ??= Buffer.from(this.shared.buffer as ArrayBuffer, this.shared.byteOffset, octets);
    return this.#views[octets];
  }

  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(FIXED.readBytes);
  }

  /** Nobody reads into it any more. One that is lent comes back by itself. */
  giveBack(buffer: Uint8Array): void {
    if (!this.#lent.has(buffer) && this.#free.length < FIXED.keptReadBuffers) this.#free.push(buffer);
  }

  lend(buffer: Uint8Array): void {
    this.#lent.add(buffer);
  }

  isLent(buffer: Uint8Array): boolean {
    return this.#lent.has(buffer);
  }

  /** The kernel has taken what it was lent for. */
  takeBack(buffer: Uint8Array): void {
    if (this.#lent.delete(buffer)) this.giveBack(buffer);
  }
}

/**
 * What one connection reads into. Heads and short bodies are done with when they were looked at: all connections share
 * one buffer for them. A long body has buffers of its own, so that the kernel can send from one while the next is read
 * into: nothing is copied, and nothing becomes garbage.
 */
export class Reader {
  readonly #buffers: ReadBuffers;
  #buffer: Uint8Array;

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers;
    this.#buffer = buffers.shared;
  }

  /** The buffer that was just read into, if it may be lent to whoever sends its octets on; else they must be copied. */
  get own(): Uint8Array | undefined {
    return this.#buffer === this.#buffers.shared ? undefined : this.#buffer;
  }

  /** What was read into a buffer of `next`, until it is read into again. */
  view(buffer: Uint8Array, octets: number): Buffer {
    return this.#buffers.view(buffer, octets);
  }

  /** What to read into next. `long`: octets of a long body are expected. */
  next(long: boolean): Uint8Array {
    const { shared } = this.#buffers;
    if (this.#buffers.isLent(this.#buffer)) this.#buffer = shared;
    if (long === (this.#buffer !== shared)) return this.#buffer;
    if (!long) this.#buffers.giveBack(this.#buffer);
    this.#buffer = long ? this.#buffers.take() : shared;
    return this.#buffer;
  }

  /** Nothing is read any more. */
  close(): void {
    this.next(false);
  }
}
