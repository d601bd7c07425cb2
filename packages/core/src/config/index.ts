// The public module `shunt/config`. It is loaded by every configuration file, so it imports no library.
export { defineConfig } from "./define.ts";
export type * from "./options.ts";
