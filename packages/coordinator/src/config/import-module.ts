import { createRequire, registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { CONFIG_MODULE } from "./module-source.ts";

/** What came of running a module. */
export type Imported =
  | { readonly ok: true; readonly exports: Readonly<Record<string, unknown>> }
  /** `url` is the name under which the module stands in the stack of the error. */
  | { readonly ok: false; readonly error: unknown; readonly url: string };

/** Where `shunt/config` really is. */
const PUBLIC_MODULE = pathToFileURL(createRequire(import.meta.url).resolve("@shunt/core/config")).href;

/**
 * Node's own import, reached through a module that no other loader has rewritten: the hooks below are Node's, and a
 * runner that loads this very file through a loader of its own, as vitest does, would not ask them.
 */
const NATIVE_IMPORT = "data:text/javascript,export default (url) => import(url)";

let loads = 0;

/**
 * Runs the code of a file that may have been run before. Modules are kept for ever under their URL, so each load has
 * a URL of its own, and so have the local files that it imports: what has changed is seen. What was loaded before
 * stays in memory; that is a few kilobytes for each time that somebody edits a configuration.
 */
export async function importModule(file: string, code: string): Promise<Imported> {
  const tag = `shunt-load=${++loads}`;
  const url = tagged(pathToFileURL(file).href, tag);
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === CONFIG_MODULE) return { url: PUBLIC_MODULE, shortCircuit: true };
      const resolved = next(specifier, context);
      if (!context.parentURL?.includes(tag) || !isOwnFile(resolved.url)) return resolved;
      return { ...resolved, url: tagged(resolved.url, tag) };
    },
    load(loaded, context, next) {
      return loaded === url ? { format: "module", source: code, shortCircuit: true } : next(loaded, context);
    },
  });
  try {
    const native = (await import(/* @vite-ignore */ NATIVE_IMPORT)) as NativeImport;
    return { ok: true, exports: await native.default(url) };
  } catch (error) {
    return { ok: false, error, url };
  } finally {
    hooks.deregister();
  }
}

interface NativeImport {
  readonly default: (url: string) => Promise<Record<string, unknown>>;
}

function tagged(url: string, tag: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${tag}`;
}

function isOwnFile(url: string): boolean {
  return url.startsWith("file:") && url !== PUBLIC_MODULE && !url.includes("/node_modules/");
}
