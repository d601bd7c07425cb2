import type { Exchange } from "../track/exchange.ts";
import { CHUNK_END, chunkHead } from "./response-writer.ts";

/**
 * Hands response octets to the client, or holds them until those before have been answered (RFC 9112 section 9.3.2):
 * responses leave in the order of their requests.
 */
export function deliver(exchange: Exchange, octets: Uint8Array): void {
  if (octets.length === 0) return;
  exchange.bytesOut += octets.length;
  const { client } = exchange;
  if (exchange.due) {
    client.outbox.push(octets);
    return;
  }
  exchange.held ??= [];
  exchange.held.push(octets);
  exchange.heldBytes += octets.length;
  client.queue.heldBytes += octets.length;
}

/**
 * The same for octets of the body, which lie in `buffer`. Returns whether the buffer is kept; without one, and where
 * they cannot leave at once, they are copied. Where the length of the body is not known they get a chunk around them.
 */
export function deliverBody(exchange: Exchange, octets: Uint8Array, buffer: Uint8Array | undefined): boolean {
  if (octets.length === 0) return false;
  if (exchange.due && !exchange.enchunked) {
    exchange.bytesOut += octets.length;
    return exchange.client.outbox.lend(octets, buffer);
  }
  if (exchange.enchunked) deliver(exchange, chunkHead(octets.length));
  deliver(exchange, Buffer.from(octets));
  if (exchange.enchunked) deliver(exchange, CHUNK_END);
  return false;
}

/** Its turn has come: what was held leaves. */
export function deliverHeld(exchange: Exchange): void {
  const { client, held } = exchange;
  if (held === undefined) return;
  client.queue.heldBytes -= exchange.heldBytes;
  exchange.held = undefined;
  exchange.heldBytes = 0;
  for (const octets of held) client.outbox.push(octets);
}

/**
 * Takes back a response of which nothing has left: all of it waits for the exchanges before it. Another may take its
 * place. Does nothing where some of it has left, or may have.
 */
export function withdraw(exchange: Exchange): void {
  if (exchange.due) return;
  exchange.client.queue.heldBytes -= exchange.heldBytes;
  exchange.held = undefined;
  exchange.heldBytes = 0;
  exchange.bytesOut = 0;
  exchange.status = 0;
  exchange.headSent = false;
  exchange.enchunked = false;
  exchange.untilClose = false;
}

/** Whether the server should be asked for no more: what waits for this client has reached its bound. */
export function isFull(exchange: Exchange): boolean {
  const { client } = exchange;
  const bound = exchange.snapshot.config.limits.responseBufferBytes;
  return exchange.due ? client.outbox.isFull(bound) : client.queue.heldBytes >= bound;
}
