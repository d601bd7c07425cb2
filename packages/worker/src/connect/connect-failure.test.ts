import { countsAgainstServer } from "@shunt/core";
import { expect, test } from "vitest";
import { connectFailure } from "./connect-failure.ts";

test.each([
  ["ECONNREFUSED", "connection_refused", 502, true],
  ["ECONNRESET", "connection_refused", 502, true],
  ["EACCES", "connection_refused", 502, true],
  ["ETIMEDOUT", "connection_timeout", 504, true],
  ["ENOTFOUND", "dns_error", 502, true],
  ["EAI_AGAIN", "dns_error", 502, true],
  ["EHOSTUNREACH", "destination_ip_unroutable", 502, true],
  ["ENETUNREACH", "destination_ip_unroutable", 502, true],
  ["EMFILE", "proxy_internal_error", 503, false],
  ["EADDRNOTAVAIL", "proxy_internal_error", 503, false],
])(
  "connectFailure() names %s as RFC 9209 does, and blames the server only for what is its own",
  (code, name, status, blamed) => {
    const failure = connectFailure(Object.assign(new Error(code), { code }));
    expect([failure.code, failure.status, failure.retry]).toEqual([name, status, "unsent"]);
    expect(countsAgainstServer(failure.code)).toBe(blamed);
  },
);
