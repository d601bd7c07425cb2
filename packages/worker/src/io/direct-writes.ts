import type { Socket } from "node:net";
import { getSystemErrorMap } from "node:util";
import { type StreamWrap, streamWrap, type WriteWrap } from "./stream-wrap.ts";

/** A write that is on its way. */
interface WriteRequest extends WriteWrap {
  /** Set only where the kernel did not take all at once. */
  writes?: DirectWrites;
  /** What is sent from must not be collected before it is sent. */
  held?: Uint8Array | readonly Uint8Array[];
  octets?: number;
  lent?: Uint8Array | undefined;
}

/** Of a socket's handle what we need. Both return 0, or the negative number of an error. */
interface StreamHandle {
  writeBuffer(request: WriteRequest, octets: Uint8Array): number;
  writev(request: WriteRequest, pieces: readonly Uint8Array[], areBuffers: true): number;
}

/** Requests are used again as long as the kernel takes writes at once, which it nearly always does. */
let spare: WriteRequest | undefined;

/**
 * Hands octets to the kernel past the streams of Node.js, which cost more than the rest of a write (decision 0017).
 * Undocumented: where Node does not offer it, nothing is written here, and the caller uses `socket.write`. Both may be
 * used in turns: libuv keeps the order.
 */
export class DirectWrites {
  readonly #socket: Socket & { readonly _handle?: StreamHandle | null };
  readonly #completed: (lent: Uint8Array | undefined) => void;
  readonly #failed: (error: Error) => void;
  /** Octets that the kernel did not take at once. */
  waiting = 0;

  /**
   * `completed` is told of every write that was not taken at once, and given the buffer that was lent for it; before
   * that `failed` is told when it will never be taken.
   */
  constructor(
    socket: Socket,
    completed: (lent: Uint8Array | undefined) => void,
    failed: (error: Error) => void,
  ) {
    this.#socket = socket;
    this.#completed = completed;
    this.#failed = failed;
  }

  /**
   * Returns whether the octets are on their way: all of them with the kernel, or `waiting`. If not, nothing was written,
   * because that is not possible now, or failed: `socket.write` will queue them, or tell of the failure.
   */
  write(octets: Uint8Array, lent?: Uint8Array): boolean {
    const handle = this.#handle;
    if (handle === undefined) return false;
    const request = take();
    return this.#sent(handle.writeBuffer(request, octets), request, octets, octets.length, lent);
  }

  /** The same with several pieces. `octets`: of all of them. */
  writeAll(pieces: readonly Uint8Array[], octets: number): boolean {
    const handle = this.#handle;
    if (handle === undefined) return false;
    const request = take();
    return this.#sent(handle.writev(request, pieces, true), request, pieces, octets, undefined);
  }

  /** Undefined while Node's own stream has something to send first, or cannot send. */
  get #handle(): StreamHandle | undefined {
    const socket = this.#socket;
    if (streamWrap === undefined || socket.writableLength > 0 || socket.connecting) return undefined;
    return socket._handle ?? undefined;
  }

  #sent(
    error: number,
    request: WriteRequest,
    held: Uint8Array | readonly Uint8Array[],
    octets: number,
    lent: Uint8Array | undefined,
  ): boolean {
    if (error !== 0 || !wasAsync()) {
      spare = request;
      return error === 0;
    }
    request.oncomplete = complete;
    request.writes = this;
    request.held = held;
    request.octets = octets;
    request.lent = lent;
    this.waiting += octets;
    return true;
  }

  /** Called by Node, through `complete`. */
  settle(octets: number, lent: Uint8Array | undefined, status: number): void {
    this.waiting -= octets;
    if (status < 0 && !this.#socket.destroyed) this.#failed(writeFailure(status));
    this.#completed(lent);
  }
}

function complete(this: WriteRequest, status: number): void {
  this.writes?.settle(this.octets ?? 0, this.lent, status);
}

function take(): WriteRequest {
  const request = spare;
  if (request === undefined) return new (streamWrap as StreamWrap).WriteWrap();
  spare = undefined;
  return request;
}

function wasAsync(): boolean {
  const { streamBaseState, kLastWriteWasAsync } = streamWrap as StreamWrap;
  return streamBaseState[kLastWriteWasAsync] !== 0;
}

function writeFailure(status: number): Error {
  const [code = "unknown", message = "unknown error"] = getSystemErrorMap().get(status) ?? [];
  return Object.assign(new Error(`write failed: ${code}, ${message}`), {
    code,
    errno: status,
    syscall: "write",
  });
}
