import { HEAD_FLAG, RESPONSE_BODY, type ResponseHead } from "@shunt/core";
import { copyRange, copyWithout, keptLength } from "../forward/slices.ts";
import type { Exchange } from "../track/exchange.ts";
import { dateField } from "./date-field.ts";

const VERSION = Buffer.from("HTTP/1.1 ");
/** Behind the status code. */
const STATUS_END = VERSION.length + 3;
/** With the space behind it. */
const LEAD_LENGTH = STATUS_END + 1;
const SP = 0x20;
const ZERO = 0x30;
const SWITCHING_PROTOCOLS = 101;
/** All that we add to most responses, and the end of the head. */
const VIA_10 = Buffer.from("Via: 1.0 shunt\r\n\r\n");
const VIA_11 = Buffer.from("Via: 1.1 shunt\r\n\r\n");
/** Its Upgrade field is one of a connection, and named as such (RFC 9110 section 15.5.22). */
const UPGRADE_REQUIRED = 426;
/** Octets of a body that are copied behind their head, so that both leave in one piece. */
const JOINED_BODY_BYTES = 16_384;
/** What stands behind the data of a chunk. */
export const CHUNK_END = Buffer.from("\r\n");
const NOTHING = new Uint8Array(0);
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** A response without a length, to a client that can read chunks: it gets chunks, and keeps its connection. */
export function isEnchunked(exchange: Exchange, head: ResponseHead): boolean {
  return head.body === RESPONSE_BODY.UNTIL_CLOSE && !exchange.has(HEAD_FLAG.HTTP_1_0);
}

/** Whether the end of the body can be seen only by the end of the client's connection. */
export function endsWithConnection(exchange: Exchange, head: ResponseHead): boolean {
  const { body } = head;
  return (
    exchange.has(HEAD_FLAG.HTTP_1_0) && (body === RESPONSE_BODY.UNTIL_CLOSE || body === RESPONSE_BODY.CHUNKED)
  );
}

/**
 * The head as the client gets it: the server's octets less those that end here, plus ours (RFC 9110 section 7.6).
 * A short `body` is copied in behind it.
 */
export function composeResponseHead(exchange: Exchange, head: ResponseHead, body: Uint8Array): ComposedHead {
  if (exchange.has(HEAD_FLAG.HTTP_1_0) && head.hasCoding) head.dropCoding();
  const joined = body.length <= JOINED_BODY_BYTES && !isEnchunked(exchange, head) ? body.length : 0;
  composed.octets = needsNothingElse(exchange, head)
    ? usual(head, body, joined)
    : unusual(exchange, head, body, joined);
  composed.containsBody = joined === body.length;
  return composed;
}

/** The same for most clients: it is put together once, as long as the head is the same. */
function usual(head: ResponseHead, body: Uint8Array, joined: number): Uint8Array {
  const known = head.handedOn ?? compose(head, head.http10 ? VIA_10 : VIA_11, NOTHING, 0);
  head.handedOn = known;
  if (joined === 0) return known;
  const out = Buffer.allocUnsafe(known.length + joined);
  out.set(known);
  out.set(body, known.length);
  return out;
}

function unusual(exchange: Exchange, head: ResponseHead, body: Uint8Array, joined: number): Uint8Array {
  return compose(head, Buffer.from(unusualFields(exchange, head), "latin1"), body, joined);
}

/** The head with `ours` at its end, and behind it `joined` octets of body. */
function compose(head: ResponseHead, ours: Uint8Array, body: Uint8Array, joined: number): Uint8Array {
  const { drops, dropCount } = head.lines;
  const end = head.end - 2;
  const kept = keptLength(end, drops, dropCount);
  const lead = head.bytes[STATUS_END] === SP ? STATUS_END : LEAD_LENGTH;
  const out = Buffer.allocUnsafe(lead + kept + ours.length + joined);
  putLead(out, head.status, lead);
  let at = copyWithout(head.bytes, 0, end, 0, drops, dropCount, out, lead);
  at = copyRange(ours, 0, ours.length, out, at);
  if (joined > 0) out.set(body, at);
  return out;
}

/** The version is ours, and there is a space behind the status even where there is no reason (RFC 9112 section 4). */
function putLead(out: Buffer, status: number, length: number): void {
  let at = copyRange(VERSION, 0, VERSION.length, out, 0);
  out[at++] = ZERO + Math.trunc(status / 100);
  out[at++] = ZERO + (Math.trunc(status / 10) % 10);
  out[at++] = ZERO + (status % 10);
  if (at < length) out[at] = SP;
}

export interface ComposedHead {
  octets: Uint8Array;
  /** The body octets that were given are in it. */
  containsBody: boolean;
}

/** One for all: whoever composes takes what is in it at once. */
const composed: ComposedHead = { octets: CHUNK_END, containsBody: false };

/** What stands before the data of a chunk (RFC 9112 section 7.1). */
export function chunkHead(length: number): Uint8Array {
  return Buffer.from(`${length.toString(16)}\r\n`, "latin1");
}

export function lastChunk(): Uint8Array {
  return LAST_CHUNK;
}

/** Our Via is all that we add. */
function needsNothingElse(exchange: Exchange, head: ResponseHead): boolean {
  const { status, interim, hasDate, lengthLine } = head;
  return (
    !interim &&
    hasDate &&
    lengthLine === "" &&
    !exchange.closes &&
    !exchange.has(HEAD_FLAG.HTTP_1_0) &&
    head.body !== RESPONSE_BODY.UNTIL_CLOSE &&
    status !== UPGRADE_REQUIRED &&
    status !== SWITCHING_PROTOCOLS
  );
}

function unusualFields(exchange: Exchange, head: ResponseHead): string {
  let fields = head.http10 ? "Via: 1.0 shunt\r\n" : "Via: 1.1 shunt\r\n";
  if (head.status === SWITCHING_PROTOCOLS) return `${fields}Connection: Upgrade\r\n\r\n`;
  if (head.interim) return `${fields}\r\n`;
  fields += head.lengthLine;
  if (!head.hasDate) fields += dateField();
  if (isEnchunked(exchange, head)) fields += "Transfer-Encoding: chunked\r\n";
  if (head.status === UPGRADE_REQUIRED)
    return `${fields}Connection: ${exchange.closes ? "close, " : ""}Upgrade\r\n\r\n`;
  if (exchange.closes) fields += "Connection: close\r\n";
  else if (exchange.has(HEAD_FLAG.HTTP_1_0)) fields += "Connection: keep-alive\r\n";
  return `${fields}\r\n`;
}
