import { show } from "../octets.ts";
import { Truncated, Unmet, type Wire } from "./wire.ts";

/** Fields by name in lower case, their values in the order in which they came. */
export type Fields = ReadonlyMap<string, readonly string[]>;
export type Framing = "none" | "length" | "chunked" | "close";

export interface Head {
  readonly firstLine: string;
  /** Field lines as they are. */
  readonly lines: readonly string[];
  readonly fields: Fields;
}

/**
 * Heads and bodies read as RFC 9112 has them and nothing laxer. Written for this runner alone: a proxy's own reader would
 * agree with the proxy.
 */
export async function readHead(wire: Wire): Promise<Head> {
  const firstLine = await wire.line();
  return { firstLine, ...(await readFields(wire)) };
}

async function readFields(wire: Wire): Promise<Omit<Head, "firstLine">> {
  const lines: string[] = [];
  const fields = new Map<string, string[]>();
  for (let line = await wire.line(); line !== ""; line = await wire.line()) {
    const [, name, value] =
      /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Unmet(`${wire.name}: expected a field line; found ${show(line)}`);
    const key = name.toLowerCase();
    fields.set(key, [...(fields.get(key) ?? []), value]);
    lines.push(line);
  }
  return { lines, fields };
}

/** RFC 9112 section 6.3, for a request that a proxy has sent. */
export function requestFraming(fields: Fields): Framing {
  const declared = declaredFraming(fields);
  return declared ?? "none";
}

/** RFC 9112 section 6.3, for the response to `method`. */
export function responseFraming(method: string, status: number, fields: Fields): Framing {
  const declared = declaredFraming(fields);
  if (status < 200 || status === 204) {
    if (declared !== undefined) throw new Unmet(`a ${status} with a length or a transfer coding`);
    return "none";
  }
  return method === "HEAD" || status === 304 ? "none" : (declared ?? "close");
}

function declaredFraming(fields: Fields): "length" | "chunked" | undefined {
  const coding = fields.get("transfer-encoding");
  const lengths = fields.get("content-length");
  if (coding !== undefined && lengths !== undefined) throw new Unmet("a message with two framings");
  if (coding !== undefined && coding.join().toLowerCase() !== "chunked")
    throw new Unmet(`a message with the transfer coding ${coding.join()}`);
  if (lengths !== undefined && (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0] ?? "")))
    throw new Unmet(`a message with Content-Length: ${lengths.join()}`);
  return coding !== undefined ? "chunked" : lengths !== undefined ? "length" : undefined;
}

/** The content of one message, in as many pieces as one likes. */
export class Content {
  readonly framing: Framing;
  trailers: Fields = new Map();
  readonly #wire: Wire;
  /** Octets to come of the length, or of the chunk. */
  #left: number;
  #done = false;
  #chunks = 0;

  constructor(wire: Wire, framing: Framing, fields: Fields) {
    this.#wire = wire;
    this.framing = framing;
    this.#left = framing === "length" ? Number(fields.get("content-length")?.[0]) : 0;
    this.#done = framing === "none" || (framing === "length" && this.#left === 0);
  }

  /** The next octets, at most `most`; none at the end. */
  async some(most: number): Promise<Buffer> {
    if (this.#done || most === 0) return Buffer.alloc(0);
    if (this.framing === "chunked" && this.#left === 0) await this.#chunkSize();
    if (this.#done) return Buffer.alloc(0);
    if (this.framing === "close") return await this.#untilClose(most);
    const octets = await this.#wire.some(Math.min(most, this.#left));
    if (octets.length === 0)
      throw new Truncated(`${this.#wire.name}: the content ends ${this.#left} octets early`);
    this.#left -= octets.length;
    if (this.framing === "length") this.#done = this.#left === 0;
    else if (this.#left === 0) await this.#chunkEnd();
    return octets;
  }

  /** What is left, and whether it came to its end. */
  async rest(): Promise<{ octets: Buffer; complete: boolean }> {
    const pieces: Buffer[] = [];
    try {
      for (;;) {
        const piece = await this.some(Number.MAX_SAFE_INTEGER);
        if (piece.length === 0) return { octets: Buffer.concat(pieces), complete: true };
        pieces.push(piece);
      }
    } catch (error) {
      if (!(error instanceof Truncated)) throw error;
      return { octets: Buffer.concat(pieces), complete: false };
    }
  }

  async exactly(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      const piece = await this.some(missing);
      if (piece.length === 0) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async #untilClose(most: number): Promise<Buffer> {
    const octets = await this.#wire.some(most);
    if (octets.length > 0) return octets;
    if (this.#wire.reset) throw new Truncated(`${this.#wire.name}: the content ends with a reset`);
    this.#done = true;
    return octets;
  }

  async #chunkSize(): Promise<void> {
    const line = await this.#wire.line();
    const [, digits] = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[\t -~\x80-\xff]*)?$/.exec(line) ?? [];
    if (digits === undefined)
      throw new Unmet(`${this.#wire.name}: expected a chunk size; found ${show(line)}`);
    this.#left = Number.parseInt(digits, 16);
    this.#chunks += 1;
    if (this.#left > 0) return;
    this.trailers = (await readFields(this.#wire)).fields;
    this.#done = true;
  }

  /** The CR LF behind the data of a chunk. */
  async #chunkEnd(): Promise<void> {
    const line = await this.#wire.line();
    if (line !== "")
      throw new Unmet(`${this.#wire.name}: expected the end of chunk ${this.#chunks}; found ${show(line)}`);
  }
}
