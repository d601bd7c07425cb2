import type { OnReadOpts, Socket } from "node:net";
import { type HeaderReading, readProxyHeader } from "@shunt/core";
import { bufferOf } from "../io/direct-reads.ts";
import { Deadline } from "../io/timer-wheel.ts";
import type { ConnectionRefusal } from "../observe/refused-connections.ts";
import type { OpenSocket } from "./listener.ts";
import type { Peer } from "./peers.ts";
import type { EntranceParts } from "./proxy-entrance.ts";

const EMPTY = Buffer.alloc(0);

/**
 * One connection until its PROXY header is read. Then it is handed over with the address that the header names, and what
 * lies behind the header is the first that its new holder reads. Whoever is not trusted is not listened to.
 */
export class ProxyGreeting {
  readonly #listener: string;
  readonly #parts: EntranceParts;
  readonly #over: (greeting: ProxyGreeting) => void;
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #deadline: Deadline;
  /** Who reads from the socket: this, then whoever it is handed over to. */
  #onread: OnReadOpts;
  #octets: Buffer = EMPTY;

  /** `over`: it waits for nothing any more. */
  constructor(
    open: OpenSocket,
    listener: string,
    parts: EntranceParts,
    over: (greeting: ProxyGreeting) => void,
  ) {
    this.#listener = listener;
    this.#parts = parts;
    this.#over = over;
    this.#onread = {
      buffer: parts.readBuffers.shared,
      callback: (octets, buffer) => this.#read(octets, buffer),
    };
    this.#socket = open({
      buffer: () => bufferOf(this.#onread),
      callback: (octets, buffer) => this.#onread.callback(octets, buffer),
    });
    this.#peer = parts.peers.of(this.#socket);
    this.#deadline = new Deadline(parts.wheel, () => this.#refuse("proxy_header_timeout", 0));
    this.#socket.on("end", this.#ended).on("error", this.#ended).on("close", this.#ended);
  }

  /** `ms`: how long the header may take. */
  begin(ms: number): void {
    if (this.#peer.trusted) this.#deadline.set(ms);
    else this.#refuse("proxy_untrusted_peer", 0);
  }

  /** Ends it at once. */
  destroy(): void {
    this.#leave();
    this.#socket.destroy();
  }

  #read(length: number, buffer: Uint8Array): boolean {
    const chunk = Buffer.from(buffer.buffer as ArrayBuffer, buffer.byteOffset, length);
    // A copy in any case: the buffer is read into again.
    this.#octets = Buffer.concat([this.#octets, chunk]);
    this.#judge(readProxyHeader(this.#octets));
    return true;
  }

  #judge(reading: HeaderReading): void {
    switch (reading.outcome) {
      case "incomplete":
        break;
      case "refused":
        this.#refuse(reading.fault, reading.at);
        break;
      case "header":
        this.#handOver(this.#parts.peers.behind(this.#peer, reading.origin), reading.length);
        break;
      default:
        reading satisfies never;
    }
  }

  #handOver(peer: Peer, headerLength: number): void {
    const socket = this.#socket;
    this.#leave();
    socket.off("end", this.#ended).off("error", this.#ended).off("close", this.#ended);
    const open: OpenSocket = (onread) => {
      this.#onread = onread;
      return socket;
    };
    this.#parts.admit(open, this.#listener, peer);
    this.#deliver(this.#octets.subarray(headerLength));
    this.#octets = EMPTY;
  }

  /** As if it had just been read. There is no more of it than was read at once, so it fits. */
  #deliver(rest: Buffer): void {
    if (rest.length === 0) return;
    const buffer = bufferOf(this.#onread);
    buffer.set(rest);
    this.#onread.callback(rest.length, buffer);
  }

  /** Aborted at once, so that the sender gets a chance to notice (section 2.1 of the specification). */
  #refuse(reason: ConnectionRefusal, at: number): void {
    const octets = reason === "proxy_untrusted_peer" ? undefined : this.#octets;
    this.#parts.refused.note(reason, this.#peer.source.address.text, octets, at);
    this.destroy();
  }

  /** The peer has ended it. Where it had said nothing, it only looked whether the port is open. */
  readonly #ended = (): void => {
    if (this.#octets.length > 0 && !this.#socket.destroyed)
      this.#refuse("proxy_header_incomplete", this.#octets.length);
    else this.destroy();
  };

  #leave(): void {
    this.#deadline.clear();
    this.#over(this);
  }
}
