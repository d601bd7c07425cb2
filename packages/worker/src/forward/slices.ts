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
      out.set(source.subarray(at, dropAt), written);
      written += dropAt - at;
      at = dropAt + (drops[i * 2 + 1] as number);
    }
  }
  if (at < to) {
    out.set(at === 0 && to === source.length ? source : source.subarray(at, to), written);
    written += to - at;
  }
  return written;
}
