import type { Path } from "@shunt/core/config/resolving";
import { isObject } from "../config/is-object.ts";
import type { Mistakes } from "./edit.ts";
import { SECRET } from "./options-of.ts";
import { pointerTo } from "./pointer.ts";

/** Options without a secret in them, and what belongs into its places. */
export interface Opened {
  /** Each secret is `{ env: NAME }`, so that nobody warns of a text that came over the API. */
  readonly options: unknown;
  readonly env: ReadonlyMap<string, string>;
  readonly mistakes: Mistakes;
}

const REFERENCE = "neither environment nor files of whoever writes this are known to Shunt";
const REFERENCE_CURE = `the text itself, or ${JSON.stringify(SECRET)} for what it is now`;

/**
 * Takes the secrets out of options that came over the API: a placeholder stands for what is at its place in `now`, a
 * text for itself. References are refused: over the API nobody is to read environment and files of this host.
 */
export function openSecrets(options: unknown, now: unknown): Opened {
  const env = new Map<string, string>();
  const mistakes: { pointer: string; detail: string }[] = [];
  const opened = PLACES.reduce(
    (whole, place) => replaceAt(whole, place, [], (given, path) => open(given, path)),
    options,
  );
  return { options: opened, env, mistakes };

  function open(given: unknown, path: Path): unknown {
    const pointer = pointerTo(path);
    if (isObject(given) && ("env" in given || "file" in given)) {
      mistakes.push({ pointer, detail: `${REFERENCE}; expected ${REFERENCE_CURE}` });
      return given;
    }
    if (typeof given !== "string" || given === "") return given;
    const secret = given === SECRET ? valueAt(now, path) : given;
    if (typeof secret !== "string") {
      mistakes.push({ pointer, detail: `there is no secret to be kept; expected ${REFERENCE_CURE}` });
      return given;
    }
    env.set(pointer, secret);
    return { env: pointer };
  }
}

/** Where secrets stand; null is any key. */
const PLACES: readonly (readonly (string | null)[])[] = [
  ["admin", "token"],
  ["admin", "tokens", null, "token"],
  ["state", "password"],
  ["state", "tls", "ca"],
  ["state", "tls", "cert"],
  ["state", "tls", "key"],
  ["identity", "jwt", "key", "secret"],
  ["identity", "jwt", "key", "pem"],
  ["identity", "jwt", "key", "jwks"],
];

/** A copy with other values at a place, where there is one. */
function replaceAt(
  value: unknown,
  [key, ...rest]: readonly (string | null)[],
  path: Path,
  replace: (given: unknown, path: Path) => unknown,
): unknown {
  if (key === undefined) return replace(value, path);
  if (!isObject(value)) return value;
  const keys = key === null ? Object.keys(value) : [key].filter((each) => Object.hasOwn(value, each));
  const changed = keys.map((each) => [each, replaceAt(value[each], rest, [...path, each], replace)]);
  return { ...value, ...Object.fromEntries(changed) };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}
