import { Dice, seedOf } from "../engine/dice.ts";
import { require, shown, Violation } from "../engine/target.ts";
import { type RequestMessage, valuesOf } from "../oracle/message.ts";
import { readRequest } from "../oracle/strict-reader.ts";
import type { FarEnd } from "./socket.ts";

/** A request as it came to a server. */
export interface Seen {
  /** Of the server. */
  readonly port: number;
  readonly message: RequestMessage;
  /** Its octets. */
  readonly text: string;
  /** What Shunt calls it: answers carry it back. */
  readonly id: string;
}

/** What a server does with its connection. */
export interface ServerSide {
  arrive(octets: Buffer): void;
  arriveFin(): void;
}

/** A server that reads to the letter of the RFC, and answers each request with its id, in one way or another. */
export class GoodServer implements FarEnd {
  readonly #socket: ServerSide;
  readonly #port: number;
  readonly #note: (seen: Seen) => void;
  readonly #ways: readonly Way[];
  #unread = "";
  #over = false;

  /** `note` is told of each request before it is answered; `ways`: how it may be. */
  constructor(socket: ServerSide, port: number, note: (seen: Seen) => void, ways: readonly Way[] = WAYS) {
    this.#socket = socket;
    this.#port = port;
    this.#note = note;
    this.#ways = ways;
  }

  /** Octets of a request that did not come to its end. */
  get unread(): string {
    return this.#unread;
  }

  received(octets: Buffer): void {
    this.#unread += octets.toString("latin1");
    while (this.#unread !== "" && !this.#over) {
      const reading = readRequest(this.#unread);
      if (reading.is === "malformed")
        throw new Violation(`a server was sent what is malformed (${reading.why}): ${shown(this.#unread)}`);
      if (reading.is === "incomplete") return;
      const { message, end } = reading;
      const text = this.#unread.slice(0, end);
      const ids = valuesOf(message.fields, "x-request-id");
      require(ids.length === 1, () => `a server was sent ${ids.length} X-Request-Id: ${shown(text)}`);
      this.#unread = this.#unread.slice(end);
      this.#note({ port: this.#port, message, text, id: ids[0] as string });
      this.#answer(message, ids[0] as string);
    }
  }

  ended(how: "fin" | "reset"): void {
    this.#over = true;
    if (how === "fin") this.#socket.arriveFin();
  }

  /** Closes as a server does that has nothing more to say. */
  close(): void {
    this.#over = true;
    this.#socket.arriveFin();
  }

  /** The same request is answered in the same way, whatever its id is. */
  #answer({ method, target, fields, content }: RequestMessage, id: string): void {
    const dice = new Dice(seedOf(Buffer.from(`${method} ${target} ${fields.length} ${content}`)));
    const way = dice.of(this.#ways);
    for (const piece of way(id, method === "HEAD")) this.#socket.arrive(Buffer.from(piece));
    if (way === untilClose) this.close();
  }
}

/** How a request is answered. */
export type Way = (id: string, toHead: boolean) => string[];

export function withLength(id: string, toHead: boolean): string[] {
  return [`HTTP/1.1 200 OK\r\nX-Asked: ${id}\r\nContent-Length: ${id.length}\r\n\r\n${toHead ? "" : id}`];
}

function chunked(id: string, toHead: boolean): string[] {
  const head = `HTTP/1.1 200 OK\r\nX-Asked: ${id}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  return toHead ? [head] : [head, `${id.length.toString(16)}\r\n${id}\r\n`, "0\r\n\r\n"];
}

function untilClose(id: string, toHead: boolean): string[] {
  return [`HTTP/1.0 200 OK\r\nX-Asked: ${id}\r\n\r\n`, toHead ? "" : id].filter((piece) => piece !== "");
}

function withoutBody(id: string): string[] {
  return [`HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nX-Asked: ${id}\r\n\r\n`];
}

const WAYS: readonly Way[] = [withLength, withLength, withLength, chunked, untilClose, withoutBody];
