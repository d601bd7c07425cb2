import { type Cidr, cidrText, parseCidr, wordMask } from "./address.ts";

/**
 * Blocks of addresses, asked whether one of them contains a given block. The question costs a look-up for each
 * length that occurs, however many blocks there are. Blocks are given as text; what is not a block is left out.
 */
export class BlockSet {
  readonly #blocks = new Set<string>();
  readonly #lengths = { 4: new Set<number>(), 6: new Set<number>() };

  constructor(texts: readonly string[] = []) {
    for (const text of texts) this.add(text);
  }

  /** The one spelling of the block, under which `around` finds it. */
  add(text: string): string | undefined {
    const block = parseCidr(text);
    if (block === undefined) return undefined;
    const spelling = cidrText(block);
    this.#blocks.add(spelling);
    this.#lengths[block.family].add(block.bits);
    return spelling;
  }

  /** Spellings of the blocks of the set that contain all of this one. */
  around(text: string): string[] {
    const inner = parseCidr(text);
    if (inner === undefined) return [];
    const lengths = [...this.#lengths[inner.family]].filter((bits) => bits <= inner.bits);
    return lengths.map((bits) => cidrText(widened(inner, bits))).filter((outer) => this.#blocks.has(outer));
  }
}

/** The block of the first `bits` bits around this one. */
function widened({ family, words }: Cidr, bits: number): Cidr {
  const [a, b, c, d] = words.map((word, index) => (word & wordMask(bits - index * 32)) >>> 0);
  return { family, words: [a ?? 0, b ?? 0, c ?? 0, d ?? 0], bits };
}
