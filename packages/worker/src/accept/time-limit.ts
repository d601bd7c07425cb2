import type { ClientConnection } from "./client-connection.ts";

/**
 * How long the client may take for what is waited for now, in milliseconds; undefined: what is set stays, 0: nothing
 * is waited for. A head has its limit from its first octet on, and that is set where it comes (client-connection.ts).
 */
export function timeLimit(client: ClientConnection): number | undefined {
  const { timeouts } = client.config;
  switch (client.phase) {
    case "content":
      return timeouts.bodyIdleMs;
    case "heads":
      if (client.queue.depth > 0) return timeouts.bodyIdleMs;
      if (client.unread.length === 0) return timeouts.clientIdleMs;
      // More is asked, but not read before the client has taken what it was answered.
      return client.outbox.pending > 0 ? timeouts.bodyIdleMs : undefined;
    default:
      return undefined;
  }
}
