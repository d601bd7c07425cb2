/**
 * Where the body of a message ends (RFC 9112 sections 6 and 7). Octets pass as they are; this only finds the end and
 * refuses what is not well-formed, in whatever pieces it arrives.
 */
export interface BodyFraming {
  /** Octets of `bytes` between `from` and `to` that belong to this body; less than all of them once it is done. */
  take(bytes: Uint8Array, from: number, to: number): number;
  readonly done: boolean;
  /** Set when the octets are not a body; then nothing more may be taken. */
  readonly fault: BodyFault | undefined;
}

/** Names of rules; see refusal.ts. */
export type BodyFault =
  | "chunk"
  | "chunk-extension-bytes"
  | "trailer"
  | "trailer-bytes"
  | "trailer-fields"
  | "body-bytes";

/** A body of known length (RFC 9112 section 6.2). */
export class LengthBody implements BodyFraming {
  readonly fault = undefined;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(_bytes: Uint8Array, from: number, to: number): number {
    const taken = Math.min(this.#left, to - from);
    this.#left -= taken;
    return taken;
  }
}

/** A response body that ends with the connection (RFC 9112 section 6.3, rule 8). */
export class CloseDelimitedBody implements BodyFraming {
  readonly fault = undefined;
  readonly done = false;

  take(_bytes: Uint8Array, from: number, to: number): number {
    return to - from;
  }
}

/** No body at all. */
export const NO_BODY: BodyFraming = Object.freeze({ fault: undefined, done: true, take: () => 0 });
