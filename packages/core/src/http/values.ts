import { FIXED } from "../config/defaults.ts";

/** What a reader returns for "no value": shared, so that looking for what is not there allocates nothing. */
export const NO_VALUES: readonly string[] = Object.freeze([]);

/** Values of one name that are looked at in one request; those that follow are not. */
export const VALUES_PER_NAME = FIXED.valuesPerName;

/** Values by their names, and the names as an array: rules that look at many names go through those of the request. */
export class ValuesByName {
  /** Each once, in the order in which they came. */
  readonly names: string[] = [];
  readonly #values = new Map<string, string[]>();

  /** Up to the bound. */
  add(name: string, value: string): void {
    const known = this.#values.get(name);
    if (known === undefined) {
      this.#values.set(name, [value]);
      this.names.push(name);
    } else if (known.length < VALUES_PER_NAME) known.push(value);
  }

  get(name: string): readonly string[] {
    return this.#values.get(name) ?? NO_VALUES;
  }
}
