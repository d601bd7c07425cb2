import { acceptableUser, only } from "./credentials.ts";
import type { IdentityRequest } from "./identity.ts";

/**
 * The user whom a trusted peer (an authenticating proxy before us) names in a field of its own.
 * From anybody else the field is worth nothing: whoever can send a request could write it.
 * @param name the field's name in lower case
 */
export function trustedHeaderUser(
  request: IdentityRequest,
  name: string,
  peerTrusted: boolean,
): string | undefined {
  return peerTrusted ? acceptableUser(only(request.header(name))) : undefined;
}
