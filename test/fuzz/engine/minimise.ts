import { kindOf } from "./findings.ts";
import type { Target } from "./target.ts";

/** Runs that making a finding smaller may take. */
const MOST_RUNS = 20_000;

/** A shorter and plainer input with the same fault: what it does not need is cut out, what may be anything becomes "a". */
export function minimised(target: Target, input: Buffer, error: unknown): Buffer {
  const kind = kindOf(error);
  const budget = { runs: MOST_RUNS };
  const isSame = (octets: Buffer): boolean => budget.runs-- > 0 && faultOf(target, octets) === kind;
  let octets = input;
  for (let before = -1; before !== octets.length && budget.runs > 0; ) {
    before = octets.length;
    octets = withoutParts(octets, isSame);
  }
  return withPlainOctets(octets, isSame);
}

function faultOf(target: Target, octets: Buffer): string | undefined {
  try {
    target.run(octets);
    return undefined;
  } catch (error) {
    return kindOf(error);
  }
}

/** Leaves out halves, then quarters, down to single octets. */
function withoutParts(input: Buffer, isSame: (octets: Buffer) => boolean): Buffer {
  let octets = input;
  for (let size = octets.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < octets.length; ) {
      const shorter = Buffer.concat([octets.subarray(0, at), octets.subarray(at + size)]);
      if (isSame(shorter)) octets = shorter;
      else at += size;
    }
  }
  return octets;
}

function withPlainOctets(input: Buffer, isSame: (octets: Buffer) => boolean): Buffer {
  let octets = input;
  for (let at = 0; at < octets.length; at++) {
    if (octets[at] === A) continue;
    const plainer = Buffer.from(octets);
    plainer[at] = A;
    if (isSame(plainer)) octets = plainer;
  }
  return octets;
}

const A = 0x61;
