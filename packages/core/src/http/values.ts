/** What a reader returns for "no value": shared, so that looking for what is not there allocates nothing. */
export const NO_VALUES: readonly string[] = Object.freeze([]);

/**
 * Values of one name that are looked at in one request; those that follow are not.
 * Rules compare each value of a repeated cookie or parameter, so without a bound a request could buy work that
 * grows with the square of its size.
 */
export const VALUES_PER_NAME = 64;

/** Adds a value under its name, up to the bound. */
export function addValue(values: Map<string, string[]>, name: string, value: string): void {
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else if (known.length < VALUES_PER_NAME) known.push(value);
}
