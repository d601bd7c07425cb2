/** One read takes at most this many octets from the kernel. */
const BUFFER_BYTES = 65_536;
/** Buffers that are kept for the next long body. */
const KEPT = 64;

/** What server connections of one loop read into. Octets in there are lent to whoever looks at them. */
export class ReadBuffers {
  /** For octets that nobody needs any more when they were looked at. */
  readonly shared: Uint8Array = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #free: Uint8Array[] = [];

  /** A buffer for one connection alone. */
  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  giveBack(buffer: Uint8Array): void {
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}
