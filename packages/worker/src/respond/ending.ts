import { FAILURE, type Failure } from "@shunt/core";

/**
 * How an exchange ended, in the first two letters of HAProxy's termination state. First, who ended it: C the client,
 * S the server, P the proxy, c and s a time limit on their side, - nobody. Second, in which phase: R request,
 * Q waiting, C connecting, H until the head of the response, D body.
 */
export function endOf(failure: Failure, phase: "H" | "D"): string {
  switch (failure) {
    case FAILURE.DESTINATION_UNAVAILABLE:
    case FAILURE.TUNNELS:
      return "PQ";
    case FAILURE.CONNECTION_TIMEOUT:
      return "sC";
    case FAILURE.CONNECTION_REFUSED:
    case FAILURE.DNS_ERROR:
    case FAILURE.DESTINATION_IP_UNROUTABLE:
      return "SC";
    case FAILURE.OUT_OF_SOCKETS:
      return "PC";
    case FAILURE.RESPONSE_TIMEOUT:
      return "sH";
    case FAILURE.BODY_TIMEOUT:
      return "sD";
    case FAILURE.RESPONSE_MALFORMED:
    case FAILURE.RESPONSE_HEAD_SIZE:
    case FAILURE.UPGRADE_FAILED:
      return `P${phase}`;
    default:
      return `S${phase}`;
  }
}
