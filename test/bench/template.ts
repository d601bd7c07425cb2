import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** The file's text with every `<name>` replaced. A name that `values` lacks is an error. */
export function fillTemplate(path: string, values: Readonly<Record<string, string | number>>): string {
  return readFileSync(path, "utf8").replaceAll(/<(\w+)>/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`Cannot fill ${basename(path)}: nothing is known as "${name}"`);
    return String(value);
  });
}
