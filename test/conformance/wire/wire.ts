import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { show } from "../octets.ts";

/** How long a step may wait for something to come: much longer than any healthy proxy needs. */
export const PATIENCE_MS = 4_000;

const TAKEN_MS = 60;

/** An expectation was not met: what was expected, and what was found. */
export class Unmet extends Error {
  override readonly name: string = "Unmet";
}

/** The other end ended the connection in the middle of something. */
export class Truncated extends Unmet {
  override readonly name = "Truncated";
}

const NONE = Buffer.alloc(0);
const LF = 0x0a;

/** One end of a connection, played by a scenario: every octet of it is chosen or looked at. */
export class Wire {
  readonly socket: Socket;
  /** "client a", "server a, connection 2": for what is told of a failure. */
  readonly name: string;
  /** The other end sent FIN, or RST, or this one is destroyed. */
  ended = false;
  reset = false;
  readonly #transcript: string[];
  /** What was received and not taken. */
  #received: Buffer[] = [];
  /** Octets of it. */
  #length = 0;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket, name: string, transcript: string[]) {
    this.socket = socket;
    this.name = name;
    this.#transcript = transcript;
    socket.setNoDelay(true);
    socket.on("data", (octets: Buffer) => this.#receive(octets));
    socket.on("end", () => this.#ends("FIN"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.reset = true;
      this.#ends(error.code ?? "error");
    });
    socket.on("close", () => this.#change());
  }

  get idle(): boolean {
    return this.#length === 0 && !this.ended;
  }

  get unread(): Buffer {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] ?? NONE;
  }

  /** Resolves with what `look` finds; it is asked again whenever something has come. */
  async until<T>(look: () => T | undefined, expected: string): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (!(await this.#changesInTime()))
        throw new Unmet(`${this.name}: expected ${expected}; found ${this.#state()} after ${PATIENCE_MS} ms`);
    }
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  async line(): Promise<string> {
    const at = await this.until(() => {
      const found = this.unread.indexOf(LF);
      if (found < 0 && this.ended) throw this.#truncated("a line");
      return found < 0 ? undefined : found;
    }, "a line");
    const line = this.take(at + 1).toString("latin1");
    if (!line.endsWith("\r\n") || line.indexOf("\r") < line.length - 2)
      throw new Unmet(`${this.name}: expected a line with CR LF at its end alone; found ${show(line)}`);
    return line.slice(0, -2);
  }

  /** Exactly so many octets. */
  async exactly(length: number): Promise<Buffer> {
    await this.until(() => {
      if (this.#length >= length) return true;
      if (this.ended) throw this.#truncated(`${length} octets`);
      return undefined;
    }, `${length} octets`);
    return this.take(length);
  }

  /** Some octets, at most `most`; none when the connection has ended. */
  async some(most: number): Promise<Buffer> {
    await this.until(() => this.#length > 0 || this.ended || undefined, "octets or the end");
    return this.take(Math.min(most, this.#length));
  }

  /** Takes what is there. */
  take(length: number): Buffer {
    const { unread } = this;
    this.#received = length < unread.length ? [unread.subarray(length)] : [];
    this.#length = Math.max(0, unread.length - length);
    return unread.subarray(0, length);
  }

  /** Resolves when the kernel has taken it, or soon: a proxy may have reasons not to read on, and the rest follows when it does. */
  async send(octets: Buffer): Promise<void> {
    const taken = new Promise<void>((resolve) => this.socket.write(octets, () => resolve()));
    await Promise.race([taken, pause(TAKEN_MS)]);
  }

  note(event: string): void {
    this.#transcript.push(`${this.name} ${event}`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(octets: Buffer): void {
    this.#transcript.push(`${this.name} gets ${show(octets)}`);
    this.#received.push(octets);
    this.#length += octets.length;
    this.#change();
  }

  #ends(how: string): void {
    if (!this.ended) this.#transcript.push(`${this.name} gets ${how}`);
    this.ended = true;
    this.#change();
  }

  #change(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  async #changesInTime(): Promise<boolean> {
    const changed = this.#changed.promise.then(() => true);
    const waiting = new AbortController();
    const late = pause(PATIENCE_MS, false, { signal: waiting.signal });
    late.catch(() => {});
    return await Promise.race([changed, late]).finally(() => waiting.abort());
  }

  #truncated(expected: string): Truncated {
    return new Truncated(`${this.name}: expected ${expected}; found ${this.#state()}`);
  }

  #state(): string {
    const octets = this.#length === 0 ? "nothing" : show(this.unread);
    return this.ended ? `${octets} and ${this.reset ? "a reset" : "the end"}` : octets;
  }
}
