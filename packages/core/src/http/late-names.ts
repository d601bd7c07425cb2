/** Names of fields, in lower case and with hyphens for underscores; see lateName(). */
export interface LateNames {
  has(name: string): boolean;
}

export const NO_LATE_NAMES: LateNames = new Set();

/** Fields that say where a message ends or whom it is for: whoever sends one late means two messages. */
export const REFUSED_LATE: LateNames = new Set(["transfer-encoding", "content-length", "host"]);

const DROPPED: ReadonlySet<string> = new Set([
  // What belongs to one connection.
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "http2-settings",
  "te",
  "trailer",
  // Routing and trust; besides, all that begin with x-forwarded-.
  "via",
  "forwarded",
  "x-real-ip",
  "x-request-id",
  // Authentication and state.
  "authorization",
  "proxy-authorization",
  "www-authenticate",
  "proxy-authenticate",
  "authentication-info",
  "proxy-authentication-info",
  "cookie",
  "set-cookie",
  // What modifies a request.
  "expect",
  "max-forwards",
  "cache-control",
  "pragma",
  "range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  // What controls an answer.
  "age",
  "date",
  "expires",
  "location",
  "retry-after",
  "vary",
  // How content is to be read.
  "content-encoding",
  "content-type",
  "content-range",
]);
const FORWARDING = "x-forwarded-";

/**
 * Fields that are left out where they come late (RFC 9110 section 6.5.1): who merges trailers into the head would route,
 * trust or answer by them after everybody before had done so without.
 */
export const DROPPED_LATE: LateNames = Object.freeze({
  has: (name: string) => DROPPED.has(name) || name.startsWith(FORWARDING),
});

/** A name as names of late fields are compared: to a CGI-like server an underscore is a hyphen (see RESEMBLES). */
export function lateName(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** What the values of Connection fields name. It ends here, in trailers as well (RFC 9110 section 7.6.1). */
export function optionNames(values: readonly string[]): Set<string> {
  const options = values.flatMap((value) => value.split(",")).map((option) => lateName(option.trim()));
  return new Set(options.filter((option) => option !== ""));
}
