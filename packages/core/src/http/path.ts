/**
 * The path that rules are compared with. It is never sent: the server gets the bytes that the client sent.
 *
 * Two spellings that servers take for one must not go to different classes. So what may stand in a path segment as it
 * is (RFC 3986 section 3.3) is decoded, everything else is encoded, with hex digits in upper case; then dot segments
 * are removed (section 5.2.4). In this order, because `%2e%2e` is `..` to a server. Each `%` is decoded once, `%2F`
 * stays apart from `/`, empty segments stay, and a `%` that begins no encoding is one that was meant: `%25`, so that what
 * comes out reads as itself. An empty path is `/`.
 * Where another reading is possible, path-readings.ts has it.
 */
export function pathForMatching(rawPath: string): string {
  return rawPath === "" ? "/" : withoutDotSegments(normalisePath(rawPath));
}

/** The spelling alone, of a path or of a part of one: dot segments stay. */
export function normalisePath(text: string): string {
  return isNormal(text) ? text : text.replace(UNUSUAL, respelled);
}

/** All that may stand in a segment, and the slash between two. */
const NORMAL = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const UNUSUAL = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu;
const IN_SEGMENT = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/;

function isNormal(text: string): boolean {
  return NORMAL.test(text);
}

/** Of an encoded octet, or of a character that has to be one: in a rule it may be any, and is encoded as UTF-8. */
function respelled(found: string): string {
  if (found.length === 3 && found.startsWith("%")) {
    const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    return IN_SEGMENT.test(character) ? character : found.toUpperCase();
  }
  return [...Buffer.from(found)].map(encoded).join("");
}

function encoded(octet: number): string {
  return `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** RFC 3986, section 5.2.4, on an absolute path: one pass over its segments. */
export function withoutDotSegments(path: string): string {
  if (!path.startsWith("/") || !path.includes("/.")) return path;
  const kept: string[] = [];
  const segments = path.slice(1).split("/");
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    // what ends in a dot segment names a directory, so the slash before it stays
    else if (index === last) kept.push("");
  }
  return `/${kept.join("/")}`;
}
