import type { Address, Facts } from "../classify/facts.ts";
import type { BodyField } from "../content/body-field.ts";
import { ContentFacts } from "../content/content-facts.ts";
import { allCookies, cookieValues } from "./cookie.ts";
import { FIELD, type FieldNames } from "./field-names.ts";
import { METHOD } from "./methods.ts";
import { normalisePath, pathForMatching } from "./path.ts";
import { pathReadings } from "./path-readings.ts";
import { allQueryValues, queryValues } from "./query.ts";
import type { RequestHead } from "./request-head.ts";
import type { ValuesByName } from "./values.ts";

const NOBODY: Address = Object.freeze({ family: 4, words: Object.freeze([0, 0, 0, 0] as const), text: "" });

/**
 * The facts of the head that a RequestHead has just judged. One object serves one head after the other: `of`
 * forgets what was read before. Strings are made when a rule asks, and once.
 */
export class HeadFacts implements Facts {
  client: Address = NOBODY;
  user: string | undefined;

  readonly #head: RequestHead;
  readonly #names: FieldNames;
  readonly #content: ContentFacts;
  #host: string | undefined;
  #path: string | undefined;
  #query: string | undefined;
  /** All of them at once, when rules asked which there are: reading one by one would then be quadratic. */
  #cookies: ValuesByName | undefined;
  #queries: ValuesByName | undefined;

  /** `content`: of the same request; without, rules must not look at it. */
  constructor(head: RequestHead, names: FieldNames, content = new ContentFacts([])) {
    this.#head = head;
    this.#names = names;
    this.#content = content;
  }

  of(client: Address, user: string | undefined): this {
    this.client = client;
    this.user = user;
    this.#host = undefined;
    this.#path = undefined;
    this.#query = undefined;
    this.#cookies = undefined;
    this.#queries = undefined;
    return this;
  }

  get method(): string {
    return this.#head.methodName;
  }

  get host(): string {
    this.#host ??= this.#readHost();
    return this.#host;
  }

  get path(): string {
    if (this.#path === undefined) this.#readTarget();
    return this.#path as string;
  }

  /** Somebody may take the path for another one: ask for its readings. */
  get hasPathReadings(): boolean {
    return this.#head.hasReadings;
  }

  /** What the path is to us, and what else it may be to others; undefined where that is too much. */
  pathReadings(): readonly string[] | undefined {
    return pathReadings(this.#rawPath());
  }

  /** From now on the path is another. */
  readPathAs(path: string): void {
    this.#path = path;
  }

  /** `name` must be one of the names that the FieldNames of the head were made with. */
  header(name: string): readonly string[] {
    return this.#head.valuesOf(this.#names.numberOf(name));
  }

  cookie(name: string): readonly string[] {
    if (this.#cookies !== undefined) return this.#cookies.get(name);
    return cookieValues(this.#head.valuesOf(FIELD.COOKIE), name);
  }

  query(name: string): readonly string[] {
    if (this.#queries !== undefined) return this.#queries.get(name);
    if (this.#query === undefined) this.#readTarget();
    return queryValues(this.#query as string, name);
  }

  body(name: string): BodyField {
    return this.#content.field(name);
  }

  get contentUnread(): boolean {
    return this.#content.isUnread;
  }

  names(of: "header" | "cookie" | "query" | "body"): readonly string[] {
    if (of === "header") return this.#head.lines.names();
    if (of === "body") return this.#content.names();
    if (of === "cookie") {
      this.#cookies ??= allCookies(this.#head.valuesOf(FIELD.COOKIE));
      return this.#cookies.names;
    }
    if (this.#query === undefined) this.#readTarget();
    this.#queries ??= allQueryValues(this.#query as string);
    return this.#queries.names;
  }

  #readHost(): string {
    const { bytes, authorityAt, authorityLength } = this.#head;
    const text = bytes.latin1Slice(authorityAt, authorityAt + authorityLength).toLowerCase();
    const colon = text.lastIndexOf(":");
    const host = colon > text.lastIndexOf("]") ? text.slice(0, colon) : text;
    const decoded = host.includes("%") ? normalisePath(host).toLowerCase() : host;
    return decoded.endsWith(".") ? decoded.slice(0, -1) : decoded;
  }

  #readTarget(): void {
    const target = this.#target();
    const path = pathOf(target);
    // An OPTIONS for an authority alone is sent as one for the whole server (RFC 9112 section 3.2.4).
    const isForServer = target === "" && this.#head.method === METHOD.OPTIONS;
    this.#path = isForServer ? "*" : pathForMatching(path);
    this.#query = target.slice(path.length + 1);
  }

  /** The path as it was sent, without query. */
  #rawPath(): string {
    return pathOf(this.#target());
  }

  #target(): string {
    const { bytes, targetAt, targetLength } = this.#head;
    return bytes.latin1Slice(targetAt, targetAt + targetLength);
  }
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
