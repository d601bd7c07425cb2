import type { ResolvedIdentity } from "@shunt/core";
import { basicUser } from "./basic.ts";
import type { Identifier } from "./identity.ts";
import { trustedHeaderUser } from "./trusted-header.ts";

/** Rejects with a sentence that names the option when a key cannot serve the configured algorithms. */
export async function createIdentifier(identity: ResolvedIdentity): Promise<Identifier> {
  switch (identity.kind) {
    case "none":
      return { costly: false, identify: () => undefined };
    case "basic":
      return { costly: false, identify: basicUser };
    case "header":
      return {
        costly: false,
        identify: (request, peerTrusted) => trustedHeaderUser(request, identity.name, peerTrusted),
      };
    case "jwt":
      // jose is loaded by who needs it: each thread would pay 14 MB for it.
      return (await import("./jwt.ts")).createJwtIdentifier(identity.jwt);
    default:
      return refuseKind(identity);
  }
}

function refuseKind(identity: never): never {
  throw new TypeError(`Cannot identify users: unknown kind in ${JSON.stringify(identity)}`);
}
