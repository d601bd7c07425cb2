/** The other end closed in the middle of something. */
export class Truncated extends Error {
  override readonly name = "Truncated";
}

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;

/** Octets of a connection, taken in the order in which they come, as many as the reader asks for. */
export class OctetSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #unread: Buffer = EMPTY;

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** Whether the other end has closed with nothing unread. */
  async ended(): Promise<boolean> {
    return this.#unread.length === 0 && !(await this.#more());
  }

  /** Without its CR LF. A line that ends otherwise is an error: what comes through Shunt is strict. */
  async line(): Promise<string> {
    let at = this.#unread.indexOf(LF);
    while (at < 0) {
      if (!(await this.#more()))
        throw new Truncated(`closed in a line: ${JSON.stringify(this.#unread.toString("latin1"))}`);
      at = this.#unread.indexOf(LF);
    }
    const line = this.#unread.toString("latin1", 0, at + 1);
    this.#unread = this.#unread.subarray(at + 1);
    if (!line.endsWith("\r\n")) throw new Error(`a line without CR LF: ${JSON.stringify(line)}`);
    return line.slice(0, -2);
  }

  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      if (this.#unread.length === 0 && !(await this.#more()))
        throw new Truncated(`closed ${missing} octets early`);
      const piece = this.#unread.subarray(0, missing);
      this.#unread = this.#unread.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    do {
      pieces.push(this.#unread);
      this.#unread = EMPTY;
    } while (await this.#more());
    return Buffer.concat(pieces);
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done === true) return false;
    this.#unread = this.#unread.length === 0 ? value : Buffer.concat([this.#unread, value]);
    return true;
  }
}
