import { type Endpoint, type Endpoints, HEAD_FLAG, type Verdict } from "@shunt/core";
import { copyRange, copyWithout, keptLength } from "./slices.ts";

/** What our fields say about a client and this proxy: the same for all requests of a connection. */
export class ForwardedBy {
  /** The fields before X-Forwarded-Proto, and behind them Forwarded, as far as the host. */
  readonly octets: Buffer;
  readonly forwardedAt: number;
  readonly #ends: Pick<Endpoints, "destination">;

  /** `peer`: its address as text. `ends` are asked only for a request that names no host. */
  constructor(peer: string, ends: Pick<Endpoints, "destination">) {
    const lead = `Via: 1.1 shunt\r\nX-Forwarded-For: ${peer}\r\n`;
    const node = peer.includes(":") ? `"[${peer}]"` : peer;
    this.#ends = ends;
    this.octets = Buffer.from(`${lead}Forwarded: for=${node};host="`, "latin1");
    this.forwardedAt = lead.length;
  }

  /** Host and port of the listener, for a request that names no host (HTTP/1.0). */
  get ownAuthority(): string {
    return authorityOf(this.#ends.destination);
  }
}

/** An end of a connection as it stands in a Host field. */
function authorityOf({ address, port }: Endpoint): string {
  return `${address.family === 6 ? `[${address.text}]` : address.text}:${port}`;
}

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const ONE = 0x31;
const ZERO = 0x30;
/** Where the minor version stands in our Via. */
const VIA_MINOR = "Via: 1.".length;
const CRLF = Buffer.from("\r\n");
const PROTO = Buffer.from("X-Forwarded-Proto: http\r\n");
const HOST = Buffer.from("X-Forwarded-Host: ");
const FORWARDED_END = Buffer.from('";proto=http\r\n');
const REQUEST_ID = Buffer.from("X-Request-Id: ");
/** Octets of those that are the same for all requests, and of the line ends. */
const FIXED_FIELDS = PROTO.length + HOST.length + FORWARDED_END.length + REQUEST_ID.length + 3 * CRLF.length;
/** Flags by which a request needs rare fields: one that is set, or HAS_HOST that is not. */
const RARE = HEAD_FLAG.HAS_HOST | HEAD_FLAG.LENGTH_REWRITTEN | HEAD_FLAG.UPGRADE | HEAD_FLAG.TE_TRAILERS;
const RARE_NOT = HEAD_FLAG.HAS_HOST;
/** " HTTP/1." between the target and the minor version. */
const VERSION_LENGTH = 8;

/**
 * The head as it is sent: the octets that were judged, less those that end here, plus ours (RFC 9110 section 7.6).
 * `drops` of the verdict count from the start of the entry, as `head` does from `verdict.start`. `id` is what is told
 * as X-Request-Id.
 */
export function composeRequestHead(head: Buffer, verdict: Verdict, by: ForwardedBy, id: string): Uint8Array {
  const { start, drops, dropCount, flags } = verdict;
  const emptyPath = (flags & HEAD_FLAG.EMPTY_PATH) !== 0;
  const end = head.length - 2;
  const kept = keptLength(end, drops, dropCount);
  const rare = rareFields(head, verdict, by);
  const hostLength = verdict.authorityLength || by.ownAuthority.length;
  const bound = kept + 1 + by.octets.length + 2 * hostLength + id.length + FIXED_FIELDS + rare.length;
  const out = Buffer.allocUnsafe(bound);
  let at: number;
  if (emptyPath) {
    // The authority was the whole of the target: a path is put where it stood (RFC 9112 section 3.2.1).
    const path = verdict.targetAt - start;
    at = copyWithout(head, 0, path, start, drops, dropCount, out, 0);
    out[at++] = (flags & HEAD_FLAG.OPTIONS_METHOD) !== 0 && verdict.targetLength === 0 ? ASTERISK : SLASH;
    at = copyWithout(head, path, end, start, drops, dropCount, out, at);
  } else at = copyWithout(head, 0, end, start, drops, dropCount, out, 0);
  // Whatever minor version was received, ours is sent (RFC 9112 section 2.3).
  out[versionAt(verdict, emptyPath)] = ONE;
  at = writeFields(out, at, head, verdict, by, id);
  if (rare !== "") at = putText(out, at, rare);
  at = put(out, at, CRLF);
  return at === bound ? out : out.subarray(0, at);
}

/** Where the minor version stands in what is sent: all that is dropped before it is the absolute-form's authority. */
function versionAt(verdict: Verdict, emptyPath: boolean): number {
  const inReceived = verdict.targetAt + verdict.targetLength + VERSION_LENGTH - verdict.start;
  const first = verdict.dropCount > 0 && (verdict.drops[0] as number) < verdict.targetAt;
  return inReceived - (first ? (verdict.drops[1] as number) : 0) + (emptyPath ? 1 : 0);
}

function writeFields(
  out: Buffer,
  from: number,
  head: Buffer,
  verdict: Verdict,
  by: ForwardedBy,
  id: string,
): number {
  const { flags } = verdict;
  const { octets, forwardedAt } = by;
  let at = copyRange(octets, 0, forwardedAt, out, from);
  if ((flags & HEAD_FLAG.HTTP_1_0) !== 0) out[from + VIA_MINOR] = ZERO;
  if ((flags & HEAD_FLAG.KEEPS_PROTO) === 0) at = put(out, at, PROTO);
  if ((flags & HEAD_FLAG.KEEPS_HOST) === 0)
    at = put(out, putHost(out, put(out, at, HOST), head, verdict, by), CRLF);
  at = copyRange(octets, forwardedAt, octets.length, out, at);
  at = put(out, putHost(out, at, head, verdict, by), FORWARDED_END);
  if ((flags & HEAD_FLAG.KEEPS_REQUEST_ID) !== 0) return at;
  return put(out, putText(out, put(out, at, REQUEST_ID), id), CRLF);
}

/** The host that the client named, else ours. */
function putHost(out: Buffer, at: number, head: Buffer, verdict: Verdict, by: ForwardedBy): number {
  const { authorityAt, authorityLength, start } = verdict;
  if (authorityLength === 0) return putText(out, at, by.ownAuthority);
  return copyRange(head, authorityAt - start, authorityAt - start + authorityLength, out, at);
}

function put(out: Buffer, at: number, octets: Uint8Array): number {
  return copyRange(octets, 0, octets.length, out, at);
}

function putText(out: Buffer, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Fields that few requests need. */
function rareFields(head: Buffer, verdict: Verdict, by: ForwardedBy): string {
  const { flags, maxForwards, contentLength } = verdict;
  if ((flags & RARE) === RARE_NOT && maxForwards < 0) return "";
  let fields = (flags & HEAD_FLAG.HAS_HOST) === 0 ? `Host: ${hostOf(head, verdict, by)}\r\n` : "";
  if (maxForwards >= 0) fields += `Max-Forwards: ${maxForwards}\r\n`;
  if ((flags & HEAD_FLAG.LENGTH_REWRITTEN) !== 0)
    fields +=
      (flags & HEAD_FLAG.CHUNKED) !== 0
        ? "Transfer-Encoding: chunked\r\n"
        : `Content-Length: ${contentLength}\r\n`;
  return fields + hopByHop(flags);
}

function hostOf(head: Buffer, { authorityAt, authorityLength, start }: Verdict, by: ForwardedBy): string {
  if (authorityLength === 0) return by.ownAuthority;
  return head.latin1Slice(authorityAt - start, authorityAt - start + authorityLength);
}

/** What concerns the connection to the server alone, all of it in one Connection field (RFC 9110 sections 7.6.1, 10.1.4). */
function hopByHop(flags: number): string {
  switch (flags & (HEAD_FLAG.UPGRADE | HEAD_FLAG.TE_TRAILERS)) {
    case 0:
      return "";
    case HEAD_FLAG.UPGRADE:
      return "Connection: Upgrade\r\n";
    case HEAD_FLAG.TE_TRAILERS:
      return "TE: trailers\r\nConnection: TE\r\n";
    default:
      return "TE: trailers\r\nConnection: Upgrade, TE\r\n";
  }
}
