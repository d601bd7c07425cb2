/** Octets of a head of `length` that stay when the ranges (offset and length each) are left out. */
export function keptLength(length: number, drops: Int32Array, dropCount: number): number {
  let kept = length;
  for (let i = 0; i < dropCount; i++) kept -= drops[i * 2 + 1] as number;
  return kept;
}

/**
 * Copies `source` from `from` to `to` without the ranges, which are ascending and count from `base` octets before the
 * start of `source`. Returns the offset in `out` behind what was copied.
 */
export function copyWithout(
  source: Uint8Array,
  from: number,
  to: number,
  base: number,
  drops: Int32Array,
  dropCount: number,
  out: Uint8Array,
  outAt: number,
): number {
  let at = from;
  let written = outAt;
  for (let i = 0; i < dropCount; i++) {
    const dropAt = (drops[i * 2] as number) - base;
    if (dropAt >= to) break;
    if (dropAt >= at) {
      written = copyRange(source, at, dropAt, out, written);
      at = dropAt + (drops[i * 2 + 1] as number);
    }
  }
  return at < to ? copyRange(source, at, to, out, written) : written;
}

/** Below this a loop costs less than a view of the octets. */
const LOOPED_BYTES = 96;

/** Copies `source` from `from` to `to`. Returns the offset in `out` behind what was copied. */
export function copyRange(
  source: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  outAt: number,
): number {
  if (to - from > LOOPED_BYTES) out.set(source.subarray(from, to), outAt);
  else for (let i = from, at = outAt; i < to; i++, at++) out[at] = source[i] as number;
  return outAt + to - from;
}
