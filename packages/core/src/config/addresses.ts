import { type Cidr, cidrText, matchesCidr, parseAddress, parseCidr } from "../classify/address.ts";

/** One spelling for each address and each block: `10.1.2.3`, `10.1.0.0/16`. Undefined when the text is neither. */
export function canonicalBlock(text: string): string | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return address.text;
  const block = parseCidr(text);
  return block === undefined ? undefined : cidrText(block);
}

const LOOPBACK: readonly Cidr[] = [
  { family: 4, words: [0x7f000000, 0, 0, 0], bits: 8 },
  { family: 6, words: [0, 0, 0, 1], bits: 128 },
];

/** Whether this host alone can reach the address; `localhost` is one such. */
export function isLoopback(host: string): boolean {
  const address = parseAddress(host === "localhost" ? "127.0.0.1" : host);
  return address !== undefined && LOOPBACK.some((block) => matchesCidr(address, block));
}

/** Whether the text is something that can be listened on: an address, or `localhost`. */
export function isListenHost(host: string): boolean {
  return host === "localhost" || parseAddress(host) !== undefined;
}

/** Whether two listening addresses would compete for one port: equal, or one is a wildcard that includes the other. */
export function hostsOverlap(a: string, b: string): boolean {
  const [one, other] = [listenAddress(a), listenAddress(b)];
  return (
    one === other || one === "::" || other === "::" || ipv4Wildcard(one, other) || ipv4Wildcard(other, one)
  );
}

function ipv4Wildcard(wildcard: string, other: string): boolean {
  return wildcard === "0.0.0.0" && !other.includes(":");
}

function listenAddress(host: string): string {
  return host === "localhost" ? "127.0.0.1" : (parseAddress(host)?.text ?? host);
}
