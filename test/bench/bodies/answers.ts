import { connect, type Socket } from "node:net";
import { HOST } from "../loopback.ts";
import { CHUNK_BYTES } from "./work.ts";

export interface Answer {
  readonly status: string;
  readonly octets: number;
  /** The beginning of it. */
  readonly content: string;
}

/** Counts what comes; only the first read of an answer is looked at, which holds its whole head on loopback. */
export class Answers {
  readonly socket: Socket;
  #waiting: PromiseWithResolvers<Answer> | undefined;
  #answer = { status: "", octets: 0, content: "" };
  #expected = -1;

  constructor(port: number) {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    const callback = (count: number): boolean => {
      this.#take(buffer, count);
      return true;
    };
    this.socket = connect({ port, host: HOST, noDelay: true, onread: { buffer, callback } });
    this.socket.on("error", (error) => this.#waiting?.reject(error));
    this.socket.on("close", () => this.#waiting?.reject(new Error("the connection was closed")));
  }

  next(): Promise<Answer> {
    this.#expected = -1;
    this.#waiting = Promise.withResolvers<Answer>();
    return this.#waiting.promise;
  }

  #take(buffer: Buffer, count: number): void {
    if (this.#expected < 0) this.#begin(buffer.latin1Slice(0, Math.min(count, 4_096)), count);
    else this.#answer.octets += count;
    if (this.#answer.octets >= this.#expected) this.#waiting?.resolve(this.#answer);
  }

  #begin(text: string, count: number): void {
    const head = text.indexOf("\r\n\r\n");
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1];
    if (head < 0 || length === undefined) {
      this.#waiting?.reject(new Error("a head without length"));
      return;
    }
    this.#expected = Number(length);
    this.#answer = { status: text.slice(9, 12), octets: count - head - 4, content: text.slice(head + 4) };
  }
}
