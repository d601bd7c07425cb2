export type Field = readonly [name: string, value: string];

/** A request as a reader understood it; all text is latin1, one character an octet. */
export interface RequestMessage {
  readonly method: string;
  readonly target: string;
  /** The minor version. */
  readonly minor: number;
  readonly fields: readonly Field[];
  /** Without chunk framing. */
  readonly content: string;
  readonly trailers: readonly Field[];
}

export interface ResponseMessage {
  readonly status: number;
  readonly reason: string;
  readonly minor: number;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly trailers: readonly Field[];
}

/** What a reader makes of the start of some octets: one message and where it ends, or why there is none. */
export type Reading<M> =
  | { readonly is: "message"; readonly message: M; readonly end: number }
  | { readonly is: "incomplete" }
  | { readonly is: "malformed"; readonly why: string };

/** The values of a field, the name given in lower case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.flatMap(([other, value]) => (other.toLowerCase() === name ? [value] : []));
}

/**
 * The members of a list field, in lower case (RFC 9110 section 5.6.1). Commas in quoted strings do not part them; no string goes
 * over from one line to the next, so that nobody hides between two lines what another line says.
 */
export function membersOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((line) => line.match(/(?:[^,"]|"(?:[^"\\]|\\.)*"|")+/g) ?? [])
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");
}

/** What two readers must agree on; Node and llhttp tell no trailers that nobody asked for, so those are left out. */
export function gist({ method, target, minor, fields, content }: RequestMessage): string {
  return JSON.stringify([method, target, minor, fields, content]);
}
