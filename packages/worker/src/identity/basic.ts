import { acceptableUser, authorization, hasControl } from "./credentials.ts";
import type { IdentityRequest } from "./identity.ts";

// ignoreBOM: a name that begins with U+FEFF is another name than the one without
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The user-id of Basic credentials (RFC 7617), read as UTF-8.
 *
 * The name is not verified. Shunt does not know the password; the server checks it, after the request has
 * arrived there. So a rule on such a `user` gives priority to whoever writes that name: a stranger who knows it
 * gets the pool of "ann" for requests that the server will then answer with 401. That is fit for sharing load
 * among users who have no reason to lie; where priority must be earned, use `identity.jwt`.
 */
export function basicUser(request: IdentityRequest): string | undefined {
  const credentials = authorization(request, "basic");
  const text = credentials === undefined ? undefined : decode(credentials);
  // the password may hold colons, the user-id may not (section 2)
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon < 0 || hasControl(text)) return undefined;
  return acceptableUser(text.slice(0, colon));
}

/** Refuses what a lenient decoder would mend: the server may mend it into another name. */
function decode(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
