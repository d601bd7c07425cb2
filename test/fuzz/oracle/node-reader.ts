import { HTTPParser } from "node:_http_common";
import type { Reading, RequestMessage, ResponseMessage } from "./message.ts";
import { Told } from "./told.ts";

/** What Node's own HTTP parser, as strict as it is by default, makes of octets that should be one message. */

const HEAD_BYTES = 131_072;
/** What the parser is told at the end of a head: go on, or that there is no body. */
const PROCEED = 0;
const NO_BODY = 1;

export function readRequestByNode(text: string): Reading<RequestMessage> {
  const told = new Told(text.length);
  run(told, parserFor(told, HTTPParser.REQUEST, PROCEED), text);
  return told.request();
}

/** `ended`: nothing comes behind `text`. */
export function readResponseByNode(text: string, method: string, ended: boolean): Reading<ResponseMessage> {
  const told = new Told(text.length);
  const parser = parserFor(told, HTTPParser.RESPONSE, method === "HEAD" ? NO_BODY : PROCEED);
  run(told, parser, text);
  if (ended && !told.complete && told.error === undefined) parser.finish();
  return told.response();
}

function run(told: Told, parser: HTTPParser, text: string): void {
  const end = parser.execute(Buffer.from(text, "latin1"));
  if (end instanceof Error) told.error = "code" in end ? String(end.code) : end.message;
  else told.end = end;
}

function parserFor(told: Told, kind: number, behindHead: number): HTTPParser {
  const parser = new HTTPParser();
  parser.initialize(kind, {}, HEAD_BYTES, 0);
  parser[HTTPParser.kOnHeaders] = (raw: readonly string[], url: string) => {
    told.take(raw);
    // With trailers the target is told once more.
    if (!told.headSeen) told.takeTarget(url);
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    minor: number,
    raw: readonly string[] | undefined,
    method: number | undefined,
    url: string | undefined,
    status: number | undefined,
    reason: string | undefined,
  ) => {
    told.take(raw ?? []);
    told.takeTarget(url ?? "");
    told.headEnds({ minor, method: method ?? 0, status: status ?? 0, reason: reason ?? "" });
    return behindHead;
  };
  parser[HTTPParser.kOnBody] = (piece: Buffer) => told.takeBody(piece.toString("latin1"));
  parser[HTTPParser.kOnMessageComplete] = () => told.messageEnds();
  return parser;
}
