/** Something was done that must never be. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Something that can be fed with any octets, and what must hold whatever they are. */
export interface Target {
  readonly name: string;
  /** What it holds, in one line. */
  readonly claim: string;
  /** Where mutations begin, beside the files of the corpus; each character one octet. */
  readonly seeds: readonly string[];
  /** Pieces that mutations put in; each character one octet. */
  readonly dictionary: readonly string[];
  /** Inputs are no longer than that. */
  readonly maxBytes: number;
  /** Its part of the time, beside the others'. */
  readonly weight: number;
  /**
   * Feeds the subject, and returns in a few words what it did with the input: inputs with the same words are alike.
   * @throws Violation when something does not hold; whatever else is thrown is a finding too.
   */
  run(octets: Buffer): string;
}

/** Throws unless `holds`. `what` says what was expected and what was found. */
export function require(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Violation(what());
}

/** Octets as they are shown to people. */
export function shown(octets: Uint8Array | string): string {
  const text = typeof octets === "string" ? octets : Buffer.from(octets).toString("latin1");
  return JSON.stringify(text).replaceAll(/[\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}
