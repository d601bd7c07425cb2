import { normalisePath, withoutDotSegments } from "./path.ts";

/**
 * What a path may be to others. Servers, and what stands before and behind them, disagree on more than RFC 3986 lets
 * them: whether `%2F` is a slash, whether a backslash is one, whether an empty segment counts, whether dot segments are
 * removed (and whether `..;x` is one), whether what comes out of decoding is decoded once more, or ends at a `?` that
 * was encoded. Each of these is a step that a reader takes or does not.
 *
 * Gives every path that takes some of these steps, in the spelling of `pathForMatching`, each once and the usual reading
 * first. There are at most 72.
 */
export function pathReadings(rawPath: string): string[] {
  const usual = normalisePath(rawPath);
  const readings = new Set([withoutDotSegments(usual)]);
  for (const decoded of decodings(usual)) {
    for (const whole of [decoded, withoutEncodedQuery(decoded)]) {
      for (const path of [whole, whole.replace(SLASHES, "/")]) {
        readings.add(path);
        readings.add(withoutDotSegments(path));
        readings.add(withoutDotSegments(path.replace(DOTS_WITH_PARAMETERS, "$1")));
      }
    }
  }
  return [...readings];
}

const SLASHES = /\/{2,}/g;
/** Parameters of a segment, which some servers cut off before they look at it (RFC 3986 section 3.3). */
const DOTS_WITH_PARAMETERS = /(\/\.{1,2});[^/]*/g;
const ENCODED_QUERY = /%3F|%23/;

/** From what decodes nothing to what decodes twice and takes a backslash for a slash. */
function decodings(path: string): string[] {
  const slashes = path.replaceAll("%2F", "/");
  const twice = normalisePath(path.replaceAll("%25", "%"));
  return [
    path,
    path.replaceAll("%5C", "/"),
    slashes,
    slashes.replaceAll("%5C", "/"),
    twice.replaceAll("%2F", "/"),
    twice.replaceAll("%2F", "/").replaceAll("%5C", "/"),
  ];
}

function withoutEncodedQuery(path: string): string {
  const end = path.search(ENCODED_QUERY);
  return end < 0 ? path : path.slice(0, end);
}
