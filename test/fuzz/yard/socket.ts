import { EventEmitter } from "node:events";
import type { OnReadOpts } from "node:net";
import { world } from "./world.ts";

/** The two ends of a connection: Shunt's is a FakeSocket, the other one's is in the hands of the target. */
export interface FarEnd {
  /** Octets that left Shunt; they are the far end's own. */
  received(octets: Buffer): void;
  /** FIN came, or the connection is gone. */
  ended(how: "fin" | "reset"): void;
}

/** `handle`: of a connection that was accepted. It is told of the socket that is made over it. */
export interface FakeSocketOptions {
  readonly onread?: OnReadOpts;
  readonly handle?: { opened(socket: FakeSocket): void };
}

const HIGH_WATER = 65_536;

/** Of so many writes one finds the kernel's buffer full. */
const ONE_IS_LATE = 4;

/**
 * Of a socket of node:net what Shunt's data path uses. Most writes the kernel takes at once; of some the octets stay where
 * they lie until a later turn: a buffer that is used again too early shows in what the far end receives, and what is
 * destroyed too early in what it does not.
 */
export class FakeSocket extends EventEmitter {
  remoteAddress = "192.0.2.7";
  localAddress = "192.0.2.80";
  remotePort = 40_000;
  localPort = 80;
  remoteFamily = "IPv4";
  connecting = false;
  destroyed = false;
  readableEnded = false;
  writableLength = 0;
  far: FarEnd | undefined;
  readonly #onread: OnReadOpts | undefined;
  #buffer: Uint8Array | undefined;
  #paused = false;
  readonly #arriving: Buffer[] = [];
  #finArrives = false;
  #waiting: { octets: Uint8Array; taken: (() => void) | undefined }[] = [];
  #writes = 0;
  #ending = false;
  #finished = false;
  #scheduled = false;

  constructor({ onread, handle }: FakeSocketOptions) {
    super();
    this.#onread = onread;
    this.#nextBuffer();
    handle?.opened(this);
  }

  // What Shunt does with it.

  get writable(): boolean {
    return !this.destroyed && !this.#ending;
  }

  get writableFinished(): boolean {
    return this.#finished;
  }

  get writableNeedDrain(): boolean {
    return this.writableLength >= HIGH_WATER;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  cork(): void {}

  uncork(): void {}

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    this.#schedule();
    return this;
  }

  write(octets: Uint8Array, taken?: () => void): boolean {
    if (!this.writable) throw new Error("write behind the end of a socket");
    if (this.#waiting.length === 0 && ++this.#writes % ONE_IS_LATE !== 0) {
      this.#send(octets);
      if (taken !== undefined) world.soon(taken);
      return true;
    }
    this.#waiting.push({ octets, taken });
    this.writableLength += octets.length;
    this.#schedule();
    return !this.writableNeedDrain;
  }

  end(): this {
    this.#ending = true;
    this.#schedule();
    return this;
  }

  destroy(): this {
    this.#gone("reset");
    return this;
  }

  resetAndDestroy(): this {
    this.#gone("reset");
    return this;
  }

  // What the far end does.

  connected(): void {
    this.connecting = false;
    this.emit("connect");
    this.#schedule();
  }

  arrive(octets: Buffer): void {
    this.#arriving.push(octets);
    this.#schedule();
  }

  arriveFin(): void {
    this.#finArrives = true;
    this.#schedule();
  }

  /** The far end resets the connection. */
  break(): void {
    world.soon(() => {
      if (this.destroyed) return;
      this.emit("error", Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
      this.#gone("reset");
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    world.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.destroyed || this.connecting) return;
    this.#takeWrites();
    this.#read();
    if (this.#arriving.length > 0 && !this.#paused) this.#schedule();
    if (this.readableEnded && this.#finished) this.#gone("fin");
  }

  #takeWrites(): void {
    const waiting = this.#waiting;
    if (waiting.length > 0) {
      const needed = this.writableNeedDrain;
      this.#waiting = [];
      this.writableLength = 0;
      for (const { octets, taken } of waiting) {
        this.#send(octets);
        taken?.();
      }
      if (needed) this.emit("drain");
    }
    if (!this.#ending || this.#finished || this.#waiting.length > 0) return;
    this.#finished = true;
    world.soon(() => this.far?.ended("fin"));
    this.emit("finish");
  }

  /** The kernel has them: nothing that happens to the socket keeps them from the far end. */
  #send(octets: Uint8Array): void {
    const sent = Buffer.from(octets);
    world.soon(() => this.far?.received(sent));
  }

  /** One piece a turn, as if each came alone; FIN comes with the last of them, if it is there by then. */
  #read(): void {
    if (this.#paused || this.readableEnded) return;
    const octets = this.#arriving.shift();
    if (octets !== undefined) this.#hand(octets);
    if (this.#arriving.length === 0 && this.#finArrives && !this.#paused && !this.destroyed) {
      this.readableEnded = true;
      this.emit("end");
    }
  }

  /** As much as its buffer holds; what is left comes in the next turn. */
  #hand(octets: Buffer): void {
    const buffer = this.#buffer as Uint8Array;
    const length = Math.min(octets.length, buffer.length);
    buffer.set(octets.subarray(0, length));
    if (length < octets.length) this.#arriving.unshift(octets.subarray(length));
    this.#onread?.callback(length, buffer);
    this.#nextBuffer();
    if (!this.destroyed) this.#schedule();
  }

  #nextBuffer(): void {
    const buffer = this.#onread?.buffer;
    this.#buffer = typeof buffer === "function" ? buffer() : buffer;
  }

  #gone(how: "fin" | "reset"): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (!this.#finished) world.soon(() => this.far?.ended(how));
    world.soon(() => this.emit("close"));
  }
}
