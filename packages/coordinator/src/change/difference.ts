import { isDeepStrictEqual } from "node:util";
import type { DataPlaneConfig } from "@shunt/core";
import { isObject } from "../config/is-object.ts";
import type { Difference, StoredConfig } from "./change.ts";
import { HIDDEN, optionsOf } from "./options-of.ts";
import { pointerTo } from "./pointer.ts";

/** Beyond this many, the rest is counted: a list is for reading, and stands in the audit log. */
export const MOST_DIFFERENCES = 1_000;
/** Characters of JSON of one value that are shown. */
const SHOWN_CHARACTERS = 4_000;

/** What differs between two configurations, in the form of a configuration file. Secrets are compared, never shown. */
export function differences(before: DataPlaneConfig, after: DataPlaneConfig): Difference[] {
  const found: Difference[] = [];
  compare(optionsOf(before, HIDDEN), optionsOf(after, HIDDEN), [], found);
  if (found.length <= MOST_DIFFERENCES) return found;
  const more = `and ${found.length - MOST_DIFFERENCES} differences more`;
  return [...found.slice(0, MOST_DIFFERENCES), { pointer: "", before: undefined, after: more }];
}

/** What a changed file undoes of what was changed over the API, and of the file before it. */
export function dropped(stored: Pick<StoredConfig, "config">, fromFile: DataPlaneConfig): Difference[] {
  return differences(stored.config, fromFile);
}

type Path = readonly (string | number)[];

function compare(before: unknown, after: unknown, path: Path, found: Difference[]): void {
  if (isDeepStrictEqual(before, after)) return;
  if (isPlain(before) && isPlain(after)) compareObjects(before, after, path, found);
  else if (areNamed(before) && areNamed(after)) compareNamed(before, after, path, found);
  else found.push({ pointer: pointerTo(path), before: shown(before), after: shown(after) });
}

function compareObjects(before: Plain, after: Plain, path: Path, found: Difference[]): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    compare(ownOf(before, key), ownOf(after, key), [...path, key], found);
}

/**
 * Two lists of rules, by their names: a rule at the front does not make all behind it differ. Places are those of the
 * list that the rule is in, the new one if both.
 */
function compareNamed(
  before: readonly Named[],
  after: readonly Named[],
  path: Path,
  found: Difference[],
): void {
  const placesBefore = placesOf(before);
  const placesAfter = placesOf(after);
  for (const [place, each] of before.entries())
    if (!placesAfter.has(each.name)) compare(each, undefined, [...path, place], found);
  for (const [place, each] of after.entries()) {
    const former = placesBefore.get(each.name);
    compare(former === undefined ? undefined : before[former], each, [...path, place], found);
  }
  const order = moved(
    before.filter(({ name }) => placesAfter.has(name)).map(({ name }) => name),
    after.filter(({ name }) => placesBefore.has(name)).map(({ name }) => name),
  );
  if (order !== undefined)
    found.push({ pointer: pointerTo(path), before: shown(order.before), after: shown(order.after) });
}

function placesOf(list: readonly Named[]): ReadonlyMap<string, number> {
  return new Map(list.map(({ name }, place) => [name, place]));
}

/** The stretch of names between the first and the last that changed their order. */
function moved(
  before: readonly string[],
  after: readonly string[],
): { readonly before: readonly string[]; readonly after: readonly string[] } | undefined {
  const first = before.findIndex((name, place) => name !== after[place]);
  if (first === -1) return undefined;
  const end = before.findLastIndex((name, place) => name !== after[place]) + 1;
  return { before: before.slice(first, end), after: after.slice(first, end) };
}

type Plain = Readonly<Record<string, unknown>>;
type Named = Readonly<{ name: string }>;

/** A secret is an object too, and one that is looked at as a whole. */
function isPlain(value: unknown): value is Plain {
  return isObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}

function areNamed(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every((each) => isPlain(each) && typeof each.name === "string");
}

function ownOf(object: Plain, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Plain data without secrets, and not too much of it. */
function shown(value: unknown): unknown {
  if (value === undefined) return undefined;
  const json = JSON.stringify(value);
  return json.length > SHOWN_CHARACTERS ? `(${json.length} characters of JSON)` : JSON.parse(json);
}
