/** A buffer that is made for less would soon be made again. */
const LEAST_BYTES = 1_024;

/**
 * Appends to octets that lie at the end of the memory that it keeps. It grows by doubling: what comes one octet at a
 * time costs no copy of all of it each time. What was appended is never written over: parts that were cut out of it
 * stay as they were.
 */
export class GrowingOctets {
  #memory: Buffer | undefined = undefined;
  #end = 0;

  /**
   * `octets` with a copy of `more` behind them. `octets` are what the last call returned, as far as nobody has consumed
   * them from the front, or any others.
   */
  append(octets: Buffer, more: Uint8Array): Buffer {
    if (octets.length === 0) return Buffer.from(more);
    if (this.#memory === undefined || !this.#holds(octets) || this.#end + more.length > this.#memory.length) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max((octets.length + more.length) * 2, LEAST_BYTES));
      this.#memory.set(octets);
      this.#end = octets.length;
    }
    this.#memory.set(more, this.#end);
    this.#end += more.length;
    return this.#memory.subarray(this.#end - octets.length - more.length, this.#end);
  }

  /** Whether octets are the last of those that were appended. */
  #holds(octets: Buffer): boolean {
    return octets.buffer === this.#memory?.buffer && octets.byteOffset + octets.length === this.#end;
  }
}
