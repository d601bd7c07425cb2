import { FIXED } from "../config/defaults.ts";

/** What a reader returns for "no value": shared, so that looking for what is not there allocates nothing. */
export const NO_VALUES: readonly string[] = Object.freeze([]);

/** Values of one name that are looked at in one request; those that follow are not. */
export const VALUES_PER_NAME = FIXED.valuesPerName;

/** Adds a value under its name, up to the bound. */
export function addValue(values: Map<string, string[]>, name: string, value: string): void {
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else if (known.length < VALUES_PER_NAME) known.push(value);
}
