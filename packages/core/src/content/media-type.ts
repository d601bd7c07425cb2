/** How content is read; undefined: not at all. */
export type ContentKind = "json" | "form" | undefined;

const FORM = "application/x-www-form-urlencoded";
/** `application/json`, and whatever says with its suffix that it is JSON (RFC 6839 section 3.1). */
const JSON_TYPE = /^(?:application\/json|[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\+json)$/;
const CHARSET = /^charset\s*=\s*"?([^"]*)"?$/;

/**
 * How content of this type is read (RFC 9110 section 8.3). Several types, none at all, or another character encoding
 * than UTF-8 leave open what a server will make of it: then nobody reads it here.
 * @param types values of the Content-Type fields
 */
export function contentKind(types: readonly string[]): ContentKind {
  const [type, ...others] = types;
  if (type === undefined || others.length > 0) return undefined;
  const [essence, ...parameters] = type.split(";").map((part) => part.trim().toLowerCase());
  if (!parameters.every(allowsUtf8)) return undefined;
  if (essence === FORM) return "form";
  return JSON_TYPE.test(essence as string) ? "json" : undefined;
}

function allowsUtf8(parameter: string): boolean {
  const charset = CHARSET.exec(parameter)?.[1];
  return charset === undefined || charset === "utf-8" || charset === "utf8";
}

/** Whether content comes as it is (RFC 9110 section 8.4). `encodings`: values of the Content-Encoding fields. */
export function isUncoded(encodings: readonly string[]): boolean {
  return encodings.every((value) => value.split(",").every((coding) => IDENTITY.test(coding)));
}

const IDENTITY = /^\s*(?:identity)?\s*$/i;
