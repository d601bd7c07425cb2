import type { OnReadOpts, Socket } from "node:net";
import { type StreamWrap, streamWrap } from "./stream-wrap.ts";

const READER = Symbol("reader");

/** Of a socket's handle what we need. What `onread` returns is read into from then on. */
interface StreamHandle {
  onread: (this: StreamHandle, octets: unknown) => Uint8Array | undefined;
  [READER]?: Reader;
}

interface Reader {
  readonly socket: Socket;
  readonly onread: OnReadOpts;
  /** What is read into. */
  buffer: Uint8Array;
  /** Node's own, for all that is no octet: it tells the socket of the end and of errors. */
  readonly nodes: StreamHandle["onread"];
}

/**
 * Takes octets from the kernel past the streams of Node.js (decision 0017), for a connected socket that was made with
 * `onread`, which means the same as there; its `buffer` gives the same one until something was read into that.
 * Undocumented: where Node does not offer it, octets come by the stream.
 */
export function readDirectly(socket: Socket, onread: OnReadOpts): void {
  const { _handle: handle } = socket as unknown as { _handle?: StreamHandle | null };
  if (streamWrap === undefined || handle == null || typeof handle.onread !== "function") return;
  handle[READER] = { socket, onread, buffer: bufferOf(onread), nodes: handle.onread };
  handle.onread = read;
}

/** The buffer that is to be read into next. */
export function bufferOf({ buffer }: OnReadOpts): Uint8Array {
  return typeof buffer === "function" ? buffer() : buffer;
}

function read(this: StreamHandle, octets: unknown): Uint8Array | undefined {
  const { streamBaseState, kReadBytesOrError } = streamWrap as StreamWrap;
  const length = streamBaseState[kReadBytesOrError] as number;
  const reader = this[READER] as Reader;
  if (length <= 0) return reader.nodes.call(this, octets);
  if (!reader.onread.callback(length, reader.buffer)) reader.socket.pause();
  const next = bufferOf(reader.onread);
  if (next === reader.buffer) return undefined;
  reader.buffer = next;
  return next;
}
