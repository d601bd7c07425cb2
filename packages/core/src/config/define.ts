import type { ShuntOptions } from "./options.ts";

/**
 * Gives back what it is given: it is there for the editor, which completes and checks the options in its argument.
 * Everything else is checked when the file is loaded, with places.
 */
export function defineConfig(options: ShuntOptions): ShuntOptions {
  return options;
}
