import { FIXED } from "@shunt/core";

/** Most heads are shorter, and so are their answers. */
const KEPT_VIEWS = 2_048;

/**
 * What a connection reads next. heads: requests, and of content no more than comes with them. short: anything else that is
 * looked at and done with. long: octets of a long body.
 */
export type Expected = "heads" | "short" | "long";

/** What the connections of one loop read into. */
export class ReadBuffers {
  /** For octets that nobody needs any more when they were looked at. */
  readonly shared: Uint8Array = Buffer.allocUnsafeSlow(FIXED.readBytes);
  /** The beginning of it. What is read with a head is copied, and becomes garbage. */
  readonly heads: Uint8Array = this.shared.subarray(0, FIXED.headReadBytes);
  /** Views of the shared one by their length: heads are read with every request, and a view costs as much as a copy. */
  readonly #views: (Buffer | undefined)[] = new Array(KEPT_VIEWS).fill(undefined);
  readonly #free: Uint8Array[] = [];
  readonly #freeLong: Uint8Array[] = [];
  /** Long ones that there are, in use or not. */
  #long = 0;
  /** The kernel is to take octets from these: until it has, nobody reads into them. */
  readonly #lent = new Set<Uint8Array>();

  /** What was read into a buffer, until it is read into again. */
  view(buffer: Uint8Array, octets: number): Buffer {
    if (!this.isShared(buffer) || octets >= KEPT_VIEWS)
      return Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, octets);
    this.#views[octets] ??= Buffer.from(this.shared.buffer as ArrayBuffer, this.shared.byteOffset, octets);
    return this.#views[octets];
  }

  isShared(buffer: Uint8Array): boolean {
    return buffer === this.heads || buffer === this.shared;
  }

  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(FIXED.readBytes);
  }

  /** One of `longReadBytes`, as long as there are any. */
  takeLong(): Uint8Array {
    const free = this.#freeLong.pop();
    if (free !== undefined) return free;
    if (this.#long === FIXED.longReadBuffers) return this.take();
    this.#long++;
    return Buffer.allocUnsafeSlow(FIXED.longReadBytes);
  }

  /** Nobody reads into it any more. One that is lent comes back by itself. */
  giveBack(buffer: Uint8Array): void {
    if (this.#lent.has(buffer)) return;
    if (buffer.length === FIXED.longReadBytes) this.#freeLong.push(buffer);
    else if (this.#free.length < FIXED.keptReadBuffers) this.#free.push(buffer);
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
 * into: nothing is copied, and nothing becomes garbage. Where octets come faster than a buffer of `readBytes` takes them,
 * the next is a long one: a system call costs the same, whatever it carries.
 */
export class Reader {
  readonly #buffers: ReadBuffers;
  #buffer: Uint8Array;
  /** The last read would have filled a buffer of `readBytes`. */
  #isFast = false;

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers;
    this.#buffer = buffers.shared;
  }

  /** The buffer that was just read into, if it may be lent to whoever sends its octets on; else they must be copied. */
  get own(): Uint8Array | undefined {
    return this.#buffers.isShared(this.#buffer) ? undefined : this.#buffer;
  }

  /** What was read into a buffer of `next`, until it is read into again. */
  view(buffer: Uint8Array, octets: number): Buffer {
    this.#isFast = octets >= FIXED.readBytes;
    return this.#buffers.view(buffer, octets);
  }

  /** What to read into next. */
  next(expected: Expected): Uint8Array {
    const { shared, heads } = this.#buffers;
    if (this.#buffer !== shared && this.#buffer !== heads) this.#moveOn(expected);
    else if (expected === "long") this.#buffer = this.#takeOwn();
    else this.#buffer = expected === "heads" ? heads : shared;
    return this.#buffer;
  }

  /** Nothing is read any more. */
  close(): void {
    this.next("short");
  }

  /** It goes on with the buffer that it has, if nobody else needs that and it is as long as it should be now. */
  #moveOn(expected: Expected): void {
    const isLent = this.#buffers.isLent(this.#buffer);
    const isLong = this.#buffer.length === FIXED.longReadBytes;
    if (expected === "long" && !isLent && this.#isFast === isLong) return;
    if (!isLent) this.#buffers.giveBack(this.#buffer);
    if (expected === "long") this.#buffer = this.#takeOwn();
    else this.#buffer = expected === "heads" ? this.#buffers.heads : this.#buffers.shared;
  }

  #takeOwn(): Uint8Array {
    return this.#isFast ? this.#buffers.takeLong() : this.#buffers.take();
  }
}
