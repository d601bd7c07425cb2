/**
 * Where the body of a message ends (RFC 9112 sections 6 and 7). Octets pass as they are, less chunk extensions and
 * trailers that may not be any; this finds the end and refuses what is not well-formed, in whatever pieces it arrives.
 */
export interface BodyFraming {
  /** Octets of `bytes` between `from` and `to` that belong to this body; less than all of them once it is done. */
  take(bytes: Uint8Array, from: number, to: number): number;
  readonly done: boolean;
  /** Of the octets of the last `take` those that are not sent on: pairs of offsets, ascending, the second behind it. */
  readonly cuts: readonly number[];
  /** Octets of earlier `take`s that were cut until more was known: they are sent on now, before those of the last one. */
  readonly carried: Uint8Array;
  /** Set when the octets are not a body; then nothing more may be taken. */
  readonly fault: BodyFault | undefined;
}

const NO_CUTS: readonly number[] = Object.freeze([]);
export const NO_OCTETS = new Uint8Array(0);

/** What is sent on when `body` has just taken `length` octets from `at` on. Copied only where something is cut or carried. */
export function sentOn({ cuts, carried }: BodyFraming, source: Buffer, at: number, length: number): Buffer {
  const end = at + length;
  if (cuts.length === 0 && carried.length === 0)
    return at === 0 && end === source.length ? source : source.subarray(at, end);
  const pieces: Uint8Array[] = [carried];
  let from = at;
  for (let i = 0; i < cuts.length; i += 2) {
    pieces.push(source.subarray(from, cuts[i]));
    from = cuts[i + 1] as number;
  }
  pieces.push(source.subarray(from, end));
  return Buffer.concat(pieces);
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
  readonly cuts = NO_CUTS;
  readonly carried = NO_OCTETS;
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
  readonly cuts = NO_CUTS;
  readonly carried = NO_OCTETS;
  readonly done = false;

  take(_bytes: Uint8Array, from: number, to: number): number {
    return to - from;
  }
}

/** No body at all. */
export const NO_BODY: BodyFraming = Object.freeze({
  fault: undefined,
  cuts: NO_CUTS,
  carried: NO_OCTETS,
  done: true,
  take: () => 0,
});
