import { FIXED } from "../config/defaults.ts";
import { normalisePath, withoutDotSegments } from "./path.ts";

/**
 * What a path may be to others. Servers, and what stands before and behind them, disagree on more than RFC 3986 lets
 * them: whether dot segments are removed, and when; whether a segment ends at a `;`, where its parameters begin (section
 * 3.3); whether `%2F` is a slash; whether what comes out of decoding is decoded once more; whether a backslash is a
 * slash; whether the path ends at a `?` that was encoded; whether an empty segment counts. Each of these is a step that
 * a reader takes or does not.
 *
 * Gives every path that takes some of these steps, in the spelling of `pathForMatching`, each once and the usual reading
 * first. Undefined where there are several, and they are together more than `FIXED` lets them be.
 */
export function pathReadings(rawPath: string): readonly string[] | undefined {
  const sent = normalisePath(rawPath);
  const readings = new Readings(withoutDotSegments(sent));
  if (!readings.add(sent)) return undefined;
  for (const step of STEPS) if (!readings.take(step)) return undefined;
  return readings.all;
}

/** Makes of a path what it is to a reader who does one thing more: the same if there is nothing to do. */
type Step = (path: string) => string;

/**
 * In the order in which readers take them. Dot segments and parameters are removed before decoding by some, and by
 * others behind it; the first of these steps is the usual reading.
 */
const STEPS: readonly Step[] = [
  withoutParameters,
  withSlashes,
  decodedTwice,
  (path) => path.replace(BACKSLASHES, "/"),
  (path) => path.replace(ENCODED_QUERY, ""),
  withoutParameters,
  (path) => path.replace(EMPTY_SEGMENTS, "/"),
  withoutDotSegments,
];

// In brackets, because an expression that is nothing but a text is looked for octet by octet wherever there is a `%`:
// thirty times as slow on a path with many.
const SLASHES = /%2[F]/g;
const BACKSLASHES = /%5[C]/g;
const PERCENT_SIGNS = /%2[5]/g;
const PARAMETERS = /;[^/]*/g;
const ENCODED_QUERY = /%(?:3F|23).*$/;
const EMPTY_SEGMENTS = /\/{2,}/g;

function withoutParameters(path: string): string {
  return path.replace(PARAMETERS, "");
}

function withSlashes(path: string): string {
  return path.replace(SLASHES, "/");
}

function decodedTwice(path: string): string {
  const once = path.replace(PERCENT_SIGNS, "%");
  return once === path ? path : withSlashes(normalisePath(once));
}

/** Different paths. After each step those that took it are added to those that did not, so equal ones go on as one. */
class Readings {
  readonly all: string[];
  readonly #known: Set<string>;
  #bytes: number;

  constructor(usual: string) {
    this.all = [usual];
    this.#known = new Set(this.all);
    this.#bytes = usual.length;
  }

  /** False at the first one that is too many. */
  take(step: Step): boolean {
    const { length } = this.all;
    for (let i = 0; i < length; i++) if (!this.add(step(this.all[i] as string))) return false;
    return true;
  }

  /** False if it is one too many. */
  add(path: string): boolean {
    if (this.#known.has(path)) return true;
    this.#known.add(path);
    this.#bytes += path.length;
    return this.all.push(path) <= FIXED.pathReadings && this.#bytes <= FIXED.pathReadingBytes;
  }
}
