import { ABSENT, type BodyField, present, UNKNOWN, UNREAD } from "../content/body-field.ts";
import { parseAddress } from "./address.ts";
import type { Facts } from "./facts.ts";

type Named = Readonly<Record<string, string | readonly string[]>>;

/** Facts as they are written by hand. */
export interface PlainFacts {
  /** @default "GET" */
  readonly method?: string;
  /** @default "" */
  readonly host?: string;
  /** @default "/" */
  readonly path?: string;
  /** @default "127.0.0.1" */
  readonly client?: string;
  readonly user?: string;
  /** Names in any case. */
  readonly headers?: Named;
  readonly cookies?: Named;
  readonly queries?: Named;
  /**
   * Fields of the content; an empty list is an object.
   * @default no content
   */
  readonly bodies?: Named | "unread" | "unknown";
}

/** Builds facts from plain data, for tests and benchmarks. Throws when `client` is not an address. */
export function factsOf(plain: PlainFacts): Facts {
  const client = parseAddress(plain.client ?? "127.0.0.1");
  if (client === undefined) throw new TypeError(`Expected an address as client, received "${plain.client}"`);
  const fields = {
    header: valuesByName(plain.headers ?? {}, (name) => name.toLowerCase()),
    cookie: valuesByName(plain.cookies ?? {}, (name) => name),
    query: valuesByName(plain.queries ?? {}, (name) => name),
  };
  const names = {
    header: [...fields.header.keys()],
    cookie: [...fields.cookie.keys()],
    query: [...fields.query.keys()],
    body: namesOf(plain.bodies ?? {}),
  };
  return {
    method: plain.method ?? "GET",
    host: plain.host ?? "",
    path: plain.path ?? "/",
    client,
    user: plain.user,
    header: (name) => fields.header.get(name) ?? NONE,
    cookie: (name) => fields.cookie.get(name) ?? NONE,
    query: (name) => fields.query.get(name) ?? NONE,
    body: (name) => bodyField(plain.bodies ?? {}, name),
    contentUnread: plain.bodies === "unread",
    names: (of) => names[of],
  };
}

const NONE: readonly string[] = [];

function valuesByName(named: Named, nameOf: (name: string) => string): Map<string, readonly string[]> {
  return new Map(
    Object.entries(named).map(([name, values]) => [
      nameOf(name),
      typeof values === "string" ? [values] : values,
    ]),
  );
}

function bodyField(bodies: Named | "unread" | "unknown", name: string): BodyField {
  if (bodies === "unread") return UNREAD;
  if (bodies === "unknown") return UNKNOWN;
  const values = bodies[name];
  if (values === undefined) return ABSENT;
  return present(typeof values === "string" ? [values] : values);
}

function namesOf(bodies: Named | "unread" | "unknown"): string[] {
  return typeof bodies === "string" ? [] : Object.keys(bodies);
}
