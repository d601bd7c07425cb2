const LF = 0x0a;
const CR = 0x0d;

/**
 * Whether octets that came behind a head's beginning are worth judging it again: they end it, exceed its bound, or
 * hold a line end that is not CR LF, which is refused. `from`: where the new octets begin. A head that comes one octet
 * at a time is thus parsed a few times and not once per octet.
 */
export function mayCompleteHead(unread: Buffer, from: number, headBytes: number): boolean {
  if (unread.length > headBytes) return true;
  for (let at = unread.indexOf(LF, from); at >= 0; at = unread.indexOf(LF, at + 1)) {
    if (at === 0 || unread[at - 1] !== CR) return true;
    if (at < 2 || unread[at - 2] === LF) return true;
  }
  return false;
}
