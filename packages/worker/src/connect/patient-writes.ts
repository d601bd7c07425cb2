import type { Socket } from "node:net";

type WriteDone = (error?: Error | null) => void;

/**
 * Keeps a socket whose writes fail, until what its peer has sent is read. A server may answer early, 413 or 401, and
 * close over content that it has not read, which resets the connection: Node destroys a socket that cannot write, and an
 * answer that still lies in the kernel with it. So the failure is not told to Node; behind the answer comes the end.
 */
export class PatientWrites {
  /** Nothing that is sent arrives any more; what the peer has sent before may still come. */
  failed = false;
  readonly #socket: Socket;
  #done: WriteDone | undefined;
  #settled: WriteDone = () => {};

  constructor(socket: Socket) {
    const { _write, _writev } = socket;
    this.#socket = socket;
    socket._write = (chunk, encoding, done) => _write.call(socket, chunk, encoding, this.#whenWritten(done));
    socket._writev = (chunks, done) => _writev?.call(socket, chunks, this.#whenWritten(done));
  }

  /** For writes that Node does not know of. */
  fail(): void {
    this.failed = true;
  }

  /** Node gives the same `done` to each write, so this is the same too. */
  #whenWritten(done: WriteDone): WriteDone {
    if (this.#done === done) return this.#settled;
    this.#done = done;
    this.#settled = (error) => {
      if (error == null || this.#socket.destroyed) done(error);
      else this.#fail(error, done);
    };
    return this.#settled;
  }

  /** Whoever waits for the write, to have its buffer back, is told once the socket is gone. */
  #fail(error: Error, done: WriteDone): void {
    this.failed = true;
    this.#socket.once("close", () => done(error));
  }
}
