const LF = 0x0a;
const CR = 0x0d;

/**
 * Whether octets that came behind a head's beginning are worth judging it again: they end it or its first line, exceed
 * its bound, or hold a line end that is not CR LF, which is refused. `from`: where the new octets begin. A head that
 * comes one octet at a time is thus parsed a few times and not once per octet.
 */
export function mayCompleteHead(head: Buffer, from: number, headBytes: number): boolean {
  if (head.length > headBytes) return true;
  const first = head.indexOf(LF, from);
  if (first < 0) return false;
  if (head.indexOf(LF) === first) return true;
  for (let at = first; at >= 0; at = head.indexOf(LF, at + 1))
    if (head[at - 1] !== CR || head[at - 2] === LF) return true;
  return false;
}
