import { FAILURE, type Failure } from "@shunt/core";

/** Why a connection could not be established, from the error of its socket. */
export function connectFailure(error: NodeJS.ErrnoException): Failure {
  switch (error.code) {
    case "ETIMEDOUT":
      return FAILURE.CONNECTION_TIMEOUT;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return FAILURE.DNS_ERROR;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return FAILURE.DESTINATION_IP_UNROUTABLE;
    case "EMFILE":
    case "ENFILE":
    case "ENOBUFS":
    case "EADDRNOTAVAIL":
      return FAILURE.OUT_OF_SOCKETS;
    default:
      return FAILURE.CONNECTION_REFUSED;
  }
}
