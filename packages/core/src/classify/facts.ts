import type { BodyField } from "../content/body-field.ts";

/** A client address. An IPv4-mapped IPv6 address is held as the IPv4 address that it is. */
export interface Address {
  readonly family: 4 | 6;
  /** Four 32-bit words, unsigned, most significant first; an IPv4 address is words[0], the others are 0. */
  readonly words: readonly [number, number, number, number];
  /** As it is written in logs. */
  readonly text: string;
}

/**
 * What was read of one request, and all that rules may look at. The verified identity is among it.
 * `classify` asks for little of it, so implementations read lazily.
 */
export interface Facts {
  readonly method: string;
  /** Host without port, in lower case; empty when the request (HTTP/1.0) has none. */
  readonly host: string;
  /** The path for matching: without query, normalised (see http/target.ts). */
  readonly path: string;
  readonly client: Address;
  /** Undefined: nobody was identified. */
  readonly user: string | undefined;
  /** Values of the fields of this name (in lower case), whitespace trimmed; empty when there is none. */
  header(name: string): readonly string[];
  cookie(name: string): readonly string[];
  query(name: string): readonly string[];
  /** A field of the content: at a JSON pointer, when the name begins with "/", else of a form. */
  body(name: string): BodyField;
  /**
   * Content that could tell has not come: what `body` answers is unread, and rules that look at it may match. So what
   * `classify` finds is the first rule that may.
   */
  readonly contentUnread: boolean;
  /**
   * The names that the request carries, each once (of headers in lower case). Asked for only when the rules look at
   * so many names that going through those of the request is cheaper.
   */
  names(of: "header" | "cookie" | "query" | "body"): readonly string[];
}
