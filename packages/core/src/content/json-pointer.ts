/** A name of a `body` condition that begins with it is a JSON pointer; every other is the name of a form field. */
const SLASH = "/";

export function isPointer(name: string): boolean {
  return name.startsWith(SLASH);
}

/** The reference tokens of a JSON pointer, unescaped (RFC 6901 section 4); undefined when the text is none. */
export function pointerTokens(pointer: string): string[] | undefined {
  if (!isPointer(pointer) || /~(?![01])/.test(pointer)) return undefined;
  // "~1" first: "~01" is the name "~1", and not a slash.
  return pointer
    .slice(1)
    .split(SLASH)
    .map((token) => token.replaceAll("~1", SLASH).replaceAll("~0", "~"));
}
