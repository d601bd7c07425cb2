import type { FactsRead } from "../classify/compile.ts";
import type { DataPlaneConfig, ResolvedIdentity } from "../config/resolved.ts";
import { CONTENT_FIELDS } from "../content/content-facts.ts";
import { FieldNames } from "./field-names.ts";
import type { HeadPolicy } from "./head-policy.ts";
import { RequestHead } from "./request-head.ts";

/** What reads the heads of requests by a configuration: the same in an acceptor, for an explanation, in a record. */
export interface HeadReader {
  readonly names: FieldNames;
  readonly head: RequestHead;
}

/** `reads`: what the rules look at. `more`: names of fields that somebody else asks for. */
export function newHeadReader(
  config: DataPlaneConfig,
  reads: FactsRead,
  more: readonly string[] = [],
): HeadReader {
  const policy = headPolicy(config, reads);
  const hashed = config.pools.flatMap(({ hashOn }) => (hashOn?.on === "header" ? [hashOn.name] : []));
  const names = new FieldNames([...policy.believed, ...policy.decisive, ...hashed, ...more]);
  return { names, head: new RequestHead(names, config.limits, policy) };
}

function headPolicy({ identity, trust, leniency }: DataPlaneConfig, reads: FactsRead): HeadPolicy {
  return {
    leniency,
    believed: identity.kind === "header" ? [...trust.fields, identity.name] : trust.fields,
    decisive: [
      ...reads.headers,
      ...(reads.cookies.length > 0 ? ["cookie"] : []),
      ...(reads.bodies.length > 0 ? CONTENT_FIELDS : []),
      ...credentials(identity),
    ],
  };
}

/** The field in which credentials stand. */
function credentials(identity: ResolvedIdentity): string[] {
  if (identity.kind === "basic") return ["authorization"];
  if (identity.kind !== "jwt") return [];
  return [identity.jwt.from.kind === "cookie" ? "cookie" : "authorization"];
}
