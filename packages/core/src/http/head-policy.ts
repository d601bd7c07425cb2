import { NO_LENIENCY } from "../config/defaults.ts";
import type { Leniency } from "../config/resolved.ts";

/** What of a configuration decides how heads are judged, besides limits. Names are in lower case. */
export interface HeadPolicy {
  readonly leniency: Leniency;
  /** Fields that are believed from trusted peers alone, besides those about clients; see FieldSenders. */
  readonly believed: readonly string[];
  /** Fields by which rules or the identity decide. */
  readonly decisive: readonly string[];
}

export const STRICT: HeadPolicy = Object.freeze({ leniency: NO_LENIENCY, believed: [], decisive: [] });
