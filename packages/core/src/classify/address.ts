import ipaddr from "ipaddr.js";
import { FIXED } from "../config/defaults.ts";
import type { Address } from "./facts.ts";

/** The addresses that begin with the same bits. The bits after are 0. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  /** 0..32 for IPv4, 0..128 for IPv6. */
  readonly bits: number;
}

type Words = [number, number, number, number];

/** Bits of the prefix ::ffff:0:0/96, under which IPv6 carries IPv4 addresses (RFC 4291, section 2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * Reads an address as sockets and forwarding fields give it: IPv4 in four decimal parts (no octal, no short forms,
 * which readers understand differently) or IPv6 without brackets. A zone is dropped: it means nothing beyond its
 * link. Undefined when the text is not an address.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > FIXED.addressCharacters) return undefined;
  const word = fourParts(text);
  if (word >= 0) return { family: 4, words: [word, 0, 0, 0], text };
  const groups = text.includes(":") ? inGroups(text) : undefined;
  if (groups === undefined || !ipaddr.IPv6.isValid(groups)) return undefined;
  const address = ipaddr.IPv6.parse(groups);
  return address.isIPv4MappedAddress() ? ipv4(address.toIPv4Address()) : ipv6(address);
}

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * An IPv4 address in four decimal parts, as one number; -1 for anything else, a part with a leading zero included. By hand,
 * since each connection has one, and the library goes over it with several expressions.
 */
function fourParts(text: string): number {
  let word = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return -1;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return -1;
    } else if (code === DOT && part >= 0 && dots < 3) {
      word = word * 256 + part;
      part = -1;
      dots++;
    } else return -1;
  }
  return part >= 0 && dots === 3 ? word * 256 + part : -1;
}

/**
 * An IPv6 address whose last 32 bits are written as an IPv4 one (RFC 4291, section 2.2), in groups alone. The library
 * would take those bits in octal or hexadecimal too, and would take `::10.0.0.1` for the IPv4 address.
 */
function inGroups(text: string): string | undefined {
  const [, head, tail, zone = ""] = DOTTED_TAIL.exec(text) ?? [];
  if (head === undefined || tail === undefined) return text;
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}${zone}`;
}

const DOTTED_TAIL = /^(.*:)([^:%]*\.[^:%]*)(%.*)?$/;

/**
 * Reads a CIDR block, or an address, which is the block of that one address. Bits after the prefix are cleared. A
 * block of IPv4-mapped addresses is the IPv4 block. Undefined when the text is neither.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  const base = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(base);
  if (address === undefined) return undefined;
  const widest = address.family === 4 ? 32 : 128;
  if (slash < 0) return { family: address.family, words: address.words, bits: widest };
  const bits = prefixBits(text.slice(slash + 1));
  if (bits === undefined) return undefined;
  if (address.family === 4 && base.includes(":")) return mappedBlock(address, bits);
  return bits > widest ? undefined : block(address.family, address.words, bits);
}

/** Whether the address lies in the block. Addresses of the other family never do. */
export function matchesCidr(address: Address, cidr: Cidr): boolean {
  if (address.family !== cidr.family) return false;
  for (let word = 0, bits = cidr.bits; bits > 0; word++, bits -= 32) {
    const difference = (address.words[word] as number) ^ (cidr.words[word] as number);
    if ((difference & wordMask(bits)) !== 0) return false;
  }
  return true;
}

/** The block as it is written: one spelling for each block. */
export function cidrText(cidr: Cidr): string {
  return `${addressText(cidr.family, cidr.words)}/${cidr.bits}`;
}

/** Mask of the leading bits of one 32-bit word; more than 32 is all of it. */
export function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** `::ffff:10.0.0.0/104` is 10.0.0.0/8. A shorter prefix holds IPv6 addresses too, so it stays an IPv6 block. */
function mappedBlock(address: Address, bits: number): Cidr | undefined {
  if (bits > 128) return undefined;
  if (bits >= MAPPED_BITS) return block(4, address.words, bits - MAPPED_BITS);
  return block(6, [0, 0, 0xffff, address.words[0]], bits);
}

function block(family: 4 | 6, words: Address["words"], bits: number): Cidr {
  const masked = words.map((word, index) => (word & wordMask(bits - index * 32)) >>> 0);
  return { family, words: masked as Words, bits };
}

/** Decimal without sign or leading zero; undefined for anything else. */
function prefixBits(text: string): number | undefined {
  const bits = Number(text);
  return Number.isInteger(bits) && bits >= 0 && String(bits) === text ? bits : undefined;
}

function ipv4(address: ipaddr.IPv4): Address {
  const [a = 0, b = 0, c = 0, d = 0] = address.octets;
  const words: Words = [((a << 24) | (b << 16) | (c << 8) | d) >>> 0, 0, 0, 0];
  return { family: 4, words, text: addressText(4, words) };
}

function ipv6(address: ipaddr.IPv6): Address {
  const part = (index: number): number => address.parts[index] ?? 0;
  const word = (index: number): number => ((part(index * 2) << 16) | part(index * 2 + 1)) >>> 0;
  const words: Words = [word(0), word(1), word(2), word(3)];
  return { family: 6, words, text: addressText(6, words) };
}

function addressText(family: 4 | 6, words: Address["words"]): string {
  if (family === 4) return [24, 16, 8, 0].map((shift) => (words[0] >>> shift) & 0xff).join(".");
  const parts = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  return new ipaddr.IPv6(parts).toRFC5952String();
}
