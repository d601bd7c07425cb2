/** unknown -> typed or refused: the parts that decoders of everything that comes from another process are made of. */

/** What was expected and what was found. The channel that carried it cannot be trusted any further. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

export type Fields = Readonly<Record<string, unknown>>;
/** Without a prototype: a name such as `__proto__` is a name like any other. */
export function mapped<T>(fields: Fields, decode: (value: unknown, name: string) => T): Record<string, T> {
  const result: Record<string, T> = Object.create(null);
  for (const [name, value] of Object.entries(fields)) result[name] = decode(value, name);
  return result;
}

export function text(fields: Fields, name: string): string {
  return asText(fields[name], name);
}

export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === "boolean") return value;
  throw new DecodeError(`${name}: expected true or false, found ${shown(value)}`);
}

export function whole(fields: Fields, name: string): number {
  return asWhole(fields[name], name);
}

export function asWhole(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DecodeError(`${name}: expected a whole number from 0, found ${shown(value)}`);
}

export function measure(fields: Fields, name: string): number {
  return asMeasure(fields[name], name);
}

export function oneOf<T extends string>(fields: Fields, name: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === fields[name]);
  if (word !== undefined) return word;
  throw new DecodeError(`${name}: expected one of ${words.join(", ")}, found ${shown(fields[name])}`);
}

export function list<T>(fields: Fields, name: string, decode: (value: unknown, name: string) => T): T[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new DecodeError(`${name}: expected a list, found ${shown(value)}`);
  return value.map((entry) => decode(entry, name));
}

export function record(fields: Fields, name: string): Fields {
  return asRecord(fields[name], name);
}

export function asRecord(value: unknown, name: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new DecodeError(`${name}: expected an object, found ${shown(value)}`);
}

export function asText(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new DecodeError(`${name}: expected a text, found ${shown(value)}`);
}

export function asMeasure(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new DecodeError(`${name}: expected a number, found ${shown(value)}`);
}

export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}
