import { HEAD_FLAG, type Verdict } from "@shunt/core";
import { copyWithout, keptLength } from "./slices.ts";

/** What our fields say about the client and this proxy. */
export interface ForwardedBy {
  /** The peer's address as text. */
  readonly peer: string;
  readonly requestId: string;
  /** Host and port of the listener, for a request that names no host (HTTP/1.0). */
  readonly ownAuthority: string;
}

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const ONE = 0x31;
/** " HTTP/1." between the target and the minor version. */
const VERSION_LENGTH = 8;

/**
 * The head as it is sent: the octets that were judged, less those that end here, plus ours (RFC 9110 section 7.6).
 * `drops` of the verdict count from the start of the entry, as `head` does from `verdict.start`.
 */
export function composeRequestHead(head: Buffer, verdict: Verdict, by: ForwardedBy): Uint8Array {
  const ours = ourFields(head, verdict, by);
  const emptyPath = (verdict.flags & HEAD_FLAG.EMPTY_PATH) !== 0;
  const { start, drops, dropCount } = verdict;
  const end = head.length - 2;
  const kept = keptLength(end, drops, dropCount);
  const out = Buffer.allocUnsafe(kept + (emptyPath ? 1 : 0) + ours.length);
  let at: number;
  if (emptyPath) {
    // The authority was the whole of the target: a path is put where it stood (RFC 9112 section 3.2.1).
    const path = verdict.targetAt - start;
    at = copyWithout(head, 0, path, start, drops, dropCount, out, 0);
    out[at++] =
      (verdict.flags & HEAD_FLAG.OPTIONS_METHOD) !== 0 && verdict.targetLength === 0 ? ASTERISK : SLASH;
    at = copyWithout(head, path, end, start, drops, dropCount, out, at);
  } else at = copyWithout(head, 0, end, start, drops, dropCount, out, 0);
  // Whatever minor version was received, ours is sent (RFC 9112 section 2.3).
  out[versionAt(verdict, emptyPath)] = ONE;
  out.latin1Write(ours, at, ours.length);
  return out;
}

/** Where the minor version stands in what is sent: all that is dropped before it is the absolute-form's authority. */
function versionAt(verdict: Verdict, emptyPath: boolean): number {
  const inReceived = verdict.targetAt + verdict.targetLength + VERSION_LENGTH - verdict.start;
  const first = verdict.dropCount > 0 && (verdict.drops[0] as number) < verdict.targetAt;
  return inReceived - (first ? (verdict.drops[1] as number) : 0) + (emptyPath ? 1 : 0);
}

function ourFields(head: Buffer, verdict: Verdict, by: ForwardedBy): string {
  const { flags, authorityAt, authorityLength, start } = verdict;
  const host =
    authorityLength > 0
      ? head.latin1Slice(authorityAt - start, authorityAt - start + authorityLength)
      : by.ownAuthority;
  const forNode = by.peer.includes(":") ? `"[${by.peer}]"` : by.peer;
  let fields = `Via: ${(flags & HEAD_FLAG.HTTP_1_0) !== 0 ? "1.0" : "1.1"} shunt\r\nX-Forwarded-For: ${by.peer}\r\n`;
  if ((flags & HEAD_FLAG.KEEPS_PROTO) === 0) fields += "X-Forwarded-Proto: http\r\n";
  if ((flags & HEAD_FLAG.KEEPS_HOST) === 0) fields += `X-Forwarded-Host: ${host}\r\n`;
  fields += `Forwarded: for=${forNode};host="${host}";proto=http\r\n`;
  if ((flags & HEAD_FLAG.KEEPS_REQUEST_ID) === 0) fields += `X-Request-Id: ${by.requestId}\r\n`;
  if ((flags & HEAD_FLAG.HAS_HOST) === 0) fields += `Host: ${host}\r\n`;
  if (verdict.maxForwards >= 0) fields += `Max-Forwards: ${verdict.maxForwards}\r\n`;
  if ((flags & HEAD_FLAG.LENGTH_REWRITTEN) !== 0)
    fields +=
      (flags & HEAD_FLAG.CHUNKED) !== 0
        ? "Transfer-Encoding: chunked\r\n"
        : `Content-Length: ${verdict.contentLength}\r\n`;
  return `${fields}${hopByHop(flags)}\r\n`;
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
