/**
 * What can go wrong with an attempt. `code` uses the words of RFC 9209 section 2.3 where it has one; `origin` says
 * whose fault it is; `retry` says when the request may be sent again.
 */
export interface Failure {
  readonly code: string;
  readonly origin: "client" | "server" | "shunt";
  /** "unsent": no byte of the request had left. "idempotent": it may have been processed. "never": see the code. */
  readonly retry: "unsent" | "idempotent" | "never";
  /** What the client gets when no attempt is left and no byte of a response has been sent. */
  readonly status: number;
  readonly text: string;
}

function failure(
  code: string,
  origin: Failure["origin"],
  retry: Failure["retry"],
  status: number,
  text: string,
): Failure {
  return Object.freeze({ code, origin, retry, status, text });
}

export const FAILURE = Object.freeze({
  CONNECTION_REFUSED: failure(
    "connection_refused",
    "server",
    "unsent",
    502,
    "the server refused the connection",
  ),
  CONNECTION_TIMEOUT: failure(
    "connection_timeout",
    "server",
    "unsent",
    504,
    "the server did not accept in time",
  ),
  DESTINATION_UNAVAILABLE: failure(
    "destination_unavailable",
    "shunt",
    "unsent",
    503,
    "no server can take it",
  ),
  TUNNELS: failure(
    "connection_limit_reached",
    "shunt",
    "never",
    503,
    "there are as many upgraded connections as there may be",
  ),
  DNS_ERROR: failure("dns_error", "server", "unsent", 502, "the server's name was not found"),
  DESTINATION_IP_UNROUTABLE: failure(
    "destination_ip_unroutable",
    "server",
    "unsent",
    502,
    "there is no route to the server",
  ),
  OUT_OF_SOCKETS: failure(
    "proxy_internal_error",
    "shunt",
    "unsent",
    503,
    "no socket was left for a connection to the server",
  ),
  CONNECTION_TERMINATED: failure(
    "connection_terminated",
    "server",
    "idempotent",
    502,
    "the server closed the connection before it answered",
  ),
  RESPONSE_TIMEOUT: failure(
    "http_response_timeout",
    "server",
    "never",
    504,
    "the server did not answer in time",
  ),
  BODY_TIMEOUT: failure(
    "http_response_timeout",
    "server",
    "never",
    504,
    "the server paused too long in mid-response",
  ),
  RESPONSE_INCOMPLETE: failure(
    "http_response_incomplete",
    "server",
    "never",
    502,
    "the server closed the connection in mid-response",
  ),
  RESPONSE_MALFORMED: failure(
    "http_protocol_error",
    "server",
    "never",
    502,
    "the server's response is malformed",
  ),
  RESPONSE_HEAD_SIZE: failure(
    "http_response_header_section_size",
    "server",
    "never",
    502,
    "the head of the server's response is too large",
  ),
  UPGRADE_FAILED: failure(
    "http_upgrade_failed",
    "server",
    "never",
    502,
    "the server upgraded without being asked",
  ),
  CLIENT_GONE: failure("client_gone", "client", "never", 499, "the client left"),
  INTERNAL: failure("proxy_internal_error", "shunt", "never", 500, "the proxy failed"),
} as const);
