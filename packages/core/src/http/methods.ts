/**
 * Methods by llhttp's numbers, with their properties (RFC 9110 section 9.2 and the HTTP method registry). Any other
 * token is a method too (section 16.1): METHOD.UNREGISTERED, of which nothing is known, so it is neither safe nor idempotent.
 */
const NAMES = [
  "DELETE",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "COPY",
  "LOCK",
  "MKCOL",
  "MOVE",
  "PROPFIND",
  "PROPPATCH",
  "SEARCH",
  "UNLOCK",
  "BIND",
  "REBIND",
  "UNBIND",
  "ACL",
  "REPORT",
  "MKACTIVITY",
  "CHECKOUT",
  "MERGE",
  "M-SEARCH",
  "NOTIFY",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "PATCH",
  "PURGE",
  "MKCALENDAR",
  "LINK",
  "UNLINK",
  "SOURCE",
] as const;

/** `UNREGISTERED`: a token that is none of the names above. `NONE`: no method was read. */
export const METHOD = Object.freeze({
  HEAD: 2,
  CONNECT: 5,
  OPTIONS: 6,
  TRACE: 7,
  UNREGISTERED: 254,
  NONE: 255,
} as const);

/** QUERY has a number of its own, behind those of RTSP. */
const QUERY = 46;
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
const IDEMPOTENT = new Set([...SAFE, "PUT", "DELETE", "QUERY", "PROPFIND", "SEARCH", "REPORT"]);

const names: string[] = [...NAMES];
names[QUERY] = "QUERY";
const safe = new Uint8Array(names.length);
const idempotent = new Uint8Array(names.length);
names.forEach((name, number) => {
  safe[number] = SAFE.has(name) ? 1 : 0;
  idempotent[number] = IDEMPOTENT.has(name) ? 1 : 0;
});

/** The method's name; undefined for one that has no number of its own. */
export function methodName(method: number): string | undefined {
  return names[method];
}

/** Whether a name is one of those above. */
export function isRegistered(name: string): boolean {
  return names.includes(name);
}

/** RFC 9110 section 9.2.1, those four only: what else may run beside others (QUERY has content) gains nothing. */
export function isSafe(method: number): boolean {
  return safe[method] === 1;
}

/** RFC 9110 section 9.2.2: may be sent again when its fate is unknown. */
export function isIdempotent(method: number): boolean {
  return idempotent[method] === 1;
}
