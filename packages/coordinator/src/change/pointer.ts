import type { Path } from "@shunt/core/config/resolving";

/** A JSON Pointer (RFC 6901); empty for the whole. */
export function pointerTo(path: Path | readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
