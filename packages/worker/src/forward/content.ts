import {
  type BodyFraming,
  ChunkedBody,
  type DataSink,
  HEAD_FLAG,
  LengthBody,
  REFUSE,
  sentOn,
  UNBOUNDED,
} from "@shunt/core";
import type { ClientConnection } from "../accept/client-connection.ts";
import type { ServerConnection } from "../connect/server-connection.ts";
import type { Exchange } from "../track/exchange.ts";
import { lateFieldsOf } from "./late-fields.ts";

/** What came of handing on content: all of it went, there is more to come, or it is not content (a rule of REFUSE). */
export type ContentOutcome = "sent" | "more" | ContentFault;

/** `at`: where the offence lies in what the client has sent and nobody has read. */
export interface ContentFault {
  readonly refusal: number;
  readonly at: number;
}

export const FAULTS = Object.freeze({
  chunk: { refusal: REFUSE.CHUNK },
  "chunk-extension-bytes": { refusal: REFUSE.CHUNK_EXTENSION_BYTES },
  trailer: { refusal: REFUSE.TRAILER },
  "trailer-bytes": { refusal: REFUSE.TRAILER_BYTES },
  "trailer-fields": { refusal: REFUSE.TRAILER_FIELDS },
  "body-bytes": { refusal: REFUSE.BODY_BYTES },
} as const);

/** From now on the client's unread octets are this exchange's content. */
export function expectContent(exchange: Exchange): void {
  const { client, snapshot } = exchange;
  exchange.content = contentFraming(exchange);
  exchange.replay = snapshot.config.retry.attempts > 0 ? [] : undefined;
  client.phase = "content";
}

/** Finds where the content of an exchange ends. `data` is told where the octets lie that are not its framing. */
export function contentFraming(exchange: Exchange, data?: DataSink): BodyFraming {
  const { config } = exchange.snapshot;
  if (exchange.has(HEAD_FLAG.CHUNKED)) return new ChunkedBody(config.limits, data, lateFieldsOf(exchange));
  return new LengthBody(exchange.contentLength);
}

/**
 * Bounds the content by what its class allows. Returns false when the head says already that it is more: then no server
 * hears of it, and a client that waits for 100 (Continue) is spared sending it.
 */
export function boundContent(exchange: Exchange): boolean {
  const { content, snapshot } = exchange;
  const most = snapshot.config.classes[exchange.class]?.bodyBytes ?? UNBOUNDED;
  if (content instanceof ChunkedBody) content.most = most;
  return exchange.contentLength <= most;
}

/** Of a server connection what content needs. */
type Carrier = Pick<ServerConnection, "state" | "send" | "lend">;

/**
 * Hands on what the client has sent of its content. Without an established connection it stays where it is, and the
 * client is not read: whatever its size, another server can still have it. A server that reads slower than the client
 * sends stops the client likewise.
 */
export function handOnContent(exchange: Exchange, connection: Carrier | undefined): ContentOutcome {
  const { client, content } = exchange;
  if (connection === undefined || connection.state === "connecting" || content === undefined)
    return hold(client);
  const { unread } = client;
  if (unread.length === 0) return proceed(client);
  const taken = content.take(unread, 0, unread.length);
  if (content.fault !== undefined) return { ...FAULTS[content.fault], at: taken - 1 };
  const octets = sentOn(content, unread, 0, taken);
  client.consume(taken);
  count(exchange, taken, octets);
  exchange.replay?.push(octets);
  return outcome(exchange, connection.send(octets));
}

/** The same for octets that lie in `buffer`, which may be lent until the kernel has taken them. */
export function handOnContentIn(
  exchange: Exchange,
  connection: Carrier,
  octets: Buffer,
  buffer: Uint8Array,
): ContentOutcome {
  const { client } = exchange;
  const content = exchange.content as BodyFraming;
  const taken = content.take(octets, 0, octets.length);
  if (content.fault !== undefined) {
    client.keep(octets);
    return { ...FAULTS[content.fault], at: taken - 1 };
  }
  const part = sentOn(content, octets, 0, taken);
  count(exchange, taken, part);
  exchange.replay?.push(Buffer.from(part));
  client.keep(octets.subarray(taken));
  return outcome(exchange, connection.lend(part, buffer));
}

/** Sends again what a failed attempt had sent. Only where `replay` still holds all of it. */
export function replayContent(exchange: Exchange, connection: Carrier): void {
  if (exchange.replay === undefined) return;
  for (const octets of exchange.replay) connection.send(octets);
}

/** `taken`: how many octets came; `sent`: those that are sent on. What is too much to keep cannot be sent again. */
function count(exchange: Exchange, taken: number, sent: Uint8Array): void {
  exchange.contentTaken += taken;
  exchange.contentCame(exchange.contentTaken);
  exchange.replayBytes += sent.length;
  if (exchange.replayBytes > exchange.snapshot.config.retry.bodyBytes) exchange.replay = undefined;
}

function outcome(exchange: Exchange, goesOn: boolean): ContentOutcome {
  if (exchange.content?.done) return finish(exchange);
  return goesOn ? proceed(exchange.client) : hold(exchange.client);
}

/** All of it went: behind it heads come again. */
function finish(exchange: Exchange): "sent" {
  exchange.contentSent = true;
  exchange.client.contentBlocked = false;
  exchange.client.phase = "heads";
  return "sent";
}

function hold(client: ClientConnection): "more" {
  client.contentBlocked = true;
  return "more";
}

function proceed(client: ClientConnection): "more" {
  client.contentBlocked = false;
  return "more";
}
