import { FIXED } from "@shunt/core/judging";
import type { IdentityRequest } from "./identity.ts";

/**
 * The only value, or undefined. Two credentials are an ambiguity: the server behind us may believe the one
 * that we did not, so we believe neither.
 */
export function only(values: readonly string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined;
}

/**
 * What follows the scheme in the request's one Authorization field (RFC 9110, section 11.6.2): the token68 of
 * `Basic` and `Bearer`. The scheme is compared without regard to case. A list of several credentials holds a
 * space or a comma, which token68 does not, so it is refused with everything else that is malformed.
 */
export function authorization(request: IdentityRequest, scheme: "basic" | "bearer"): string | undefined {
  const value = only(request.header("authorization"));
  if (value === undefined || value.length > FIXED.credentialCharacters) return undefined;
  const parts = /^(basic|bearer) +([A-Za-z0-9._~+/-]+=*)$/i.exec(value);
  return parts?.[1]?.toLowerCase() === scheme ? parts[2] : undefined;
}

/** The name itself when rules and logs can take it: not empty, bounded, free of control characters. */
export function acceptableUser(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "" || name.length > FIXED.userCharacters) return undefined;
  return hasControl(name) ? undefined : name;
}

/** C0, DEL and C1: what would break a log line or a terminal, and what RFC 7617 forbids in a user-id. */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
