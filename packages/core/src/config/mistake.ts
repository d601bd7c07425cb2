/** Keys from the root of the configuration to the place that is meant. */
export type Path = readonly (string | number)[];

/** Something that has to be changed before the configuration can be used. */
export interface Mistake {
  readonly path: Path;
  /** What is wrong, with what was found; never with a secret in it. */
  readonly problem: string;
  /** What would be right. */
  readonly expected?: string;
  /** Whether the key itself is wrong, and not the value under it. @default "value" */
  readonly at?: "key" | "value";
}

/** Something that works and is probably not what was meant. */
export interface Warning {
  readonly path: Path;
  readonly problem: string;
}

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `pools.gold.servers["10.0.0.7"].url`, `rules[2].when`; empty for the root. */
export function formatPath(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (!PLAIN_KEY.test(key)) text += `[${JSON.stringify(key)}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/** One line without its place: key path, what is wrong, what would be right. */
export function formatMistake(mistake: Pick<Mistake, "path" | "problem" | "expected">): string {
  const where = mistake.path.length === 0 ? "" : `${formatPath(mistake.path)}: `;
  const cure = mistake.expected === undefined ? "" : `; expected ${mistake.expected}`;
  return `${where}${mistake.problem}${cure}`;
}

const SHOWN_CHARACTERS = 60;

/** A value as it stands in a sentence after "found": short, on one line, structured values by their kind alone. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `the bigint ${value}`;
    case "object":
      return value instanceof Date || value instanceof RegExp ? `a ${value.constructor.name}` : "an object";
    case "undefined":
      return "nothing";
    default:
      return `a ${typeof value}`;
  }
}

/** The kind of a value alone, for places where the value itself may be a secret. */
export function describeKind(value: unknown): string {
  if (typeof value === "string") return value === "" ? "an empty text" : "a text";
  if (typeof value === "number" || typeof value === "boolean") return `a ${typeof value}`;
  return describeValue(value);
}

/** In double quotes, with control characters escaped, cut where it gets long. */
export function quote(text: string): string {
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
  return JSON.stringify(shown);
}

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"`. */
export function oneOf(values: readonly string[]): string {
  const quoted = values.map(quote);
  const last = quoted.pop() ?? "nothing";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}
