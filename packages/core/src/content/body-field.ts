/**
 * What is known of one field of the content.
 *
 * absent: there is certainly no such field. present: there is; of an object or an array there are no `values`, so that
 * it equals nothing. unread: the content has not come yet, and could tell. unknown: nobody can say.
 */
export interface BodyField {
  readonly state: "absent" | "present" | "unread" | "unknown";
  readonly values: readonly string[];
}

const NO_TEXTS: readonly string[] = Object.freeze([]);

function without(state: BodyField["state"]): BodyField {
  return Object.freeze({ state, values: NO_TEXTS });
}

export const ABSENT = without("absent");
export const UNREAD = without("unread");
export const UNKNOWN = without("unknown");
/** An object or an array. */
export const COMPOUND = without("present");

export function present(values: readonly string[]): BodyField {
  return { state: "present", values };
}
