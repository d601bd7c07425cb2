import { type Address, type Cidr, type Facts, FIXED, matchesCidr, parseAddress } from "@shunt/core/judging";

/** What of the facts tells a client's address. */
type Fields = Pick<Facts, "header">;

/**
 * The client that a trusted peer speaks for: the rightmost address of X-Forwarded-For, or else of Forwarded (RFC 7239),
 * that is not itself trusted; the leftmost when all are. What does not parse ends the search: behind it anybody may
 * have written anything. Undefined when the peer tells nothing.
 */
export function forwardedClient(facts: Fields, peer: Address, trusted: readonly Cidr[]): Address | undefined {
  const listed = facts.header("x-forwarded-for");
  const hops = listed.length > 0 ? listed.join(",").split(",").reverse() : forwardedFor(facts);
  let client: Address | undefined;
  for (let i = 0; i < Math.min(hops.length, FIXED.forwardedHops); i++) {
    const address = parseAddress(withoutPort((hops[i] as string).trim()));
    if (address === undefined) break;
    client = address;
    if (!trusted.some((cidr) => matchesCidr(address, cidr))) break;
  }
  return client?.text === peer.text ? undefined : client;
}

/** The `for` parameters of Forwarded, from the right: one per element, "" for one without. */
function forwardedFor(facts: Fields): string[] {
  return splitOutsideQuotes(facts.header("forwarded").join(","), ",").map((element) => {
    const pairs = splitOutsideQuotes(element, ";").map((pair) => pair.trim());
    const pair = pairs.find((each) => each.slice(0, FOR.length).toLowerCase() === FOR) ?? "";
    return pair.slice(FOR.length).replace(/^"(.*)"$/, "$1");
  });
}

const FOR = "for=";

/**
 * The last `FIXED.forwardedHops` parts of a list, from the right. A separator in a quoted string separates nothing: else a host that
 * a client made up could name its address. Read from the right, where the trusted peer wrote: a quote that a client
 * left open spoils the client's part alone.
 */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let end = text.length;
  let quoted = false;
  for (let i = text.length - 1; i >= 0 && parts.length < FIXED.forwardedHops; i--) {
    if (text[i] === '"' && !isEscaped(text, i)) quoted = !quoted;
    else if (!quoted && text[i] === separator) {
      parts.push(text.slice(i + 1, end));
      end = i;
    }
  }
  if (parts.length < FIXED.forwardedHops) parts.push(text.slice(0, end));
  return parts;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** "192.0.2.1:80" and "[2001:db8::1]:80" as some proxies write them; "" for brackets that do not close. */
function withoutPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, Math.max(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  return colon >= 0 && colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}

/** The address that crossed the thread boundary as words; its text is made when a rule or a hash asks for it. */
export function addressFromWords(family: 4 | 6, a: number, b: number, c: number, d: number): Address {
  return new WordAddress(family, [a, b, c, d]);
}

class WordAddress implements Address {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];

  constructor(family: 4 | 6, words: readonly [number, number, number, number]) {
    this.family = family;
    this.words = words;
  }

  get text(): string {
    if (this.family === 4) return [24, 16, 8, 0].map((shift) => (this.words[0] >>> shift) & 0xff).join(".");
    const parts = this.words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]);
    return parseAddress(parts.join(":"))?.text ?? parts.join(":");
  }
}
