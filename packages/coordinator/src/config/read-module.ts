import { importModule } from "./import-module.ts";
import { modulePlaces, stripTypes } from "./module-source.ts";
import { messageOf, type Place, type Source, type SyntaxMistake } from "./places.ts";

/** TypeScript is stripped of its types, by Node. */
export async function readTypeScript(text: string, path: string): Promise<Source> {
  const stripped = stripTypes(text);
  return "mistake" in stripped
    ? { ok: false, mistakes: [stripped.mistake] }
    : readModule(stripped.code, path);
}

const START: Place = { line: 1, column: 1 };

/** Node decides whether the module is one. The parser here only knows places, and may be behind the language. */
export async function readModule(code: string, path: string): Promise<Source> {
  const places = modulePlaces(code);
  const imported = await importModule(path, code);
  if (!imported.ok) {
    const isSyntax = "mistake" in places && imported.error instanceof SyntaxError;
    return { ok: false, mistakes: [isSyntax ? places.mistake : thrown(imported.error, imported.url)] };
  }
  if (imported.exports.default === undefined) return { ok: false, mistakes: [NO_DEFAULT] };
  return {
    ok: true,
    value: imported.exports.default,
    locate: "locate" in places ? places.locate : () => START,
  };
}

const NO_DEFAULT: SyntaxMistake = {
  place: START,
  problem: "the file has no default export",
  expected: "export default defineConfig({ ... })",
};

/** The place is the innermost one of the file in the stack. */
function thrown(error: unknown, url: string): SyntaxMistake {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const at = stack.indexOf(`${url}:`);
  const found = at === -1 ? undefined : /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + url.length));
  const place = found ? { line: Number(found[1]), column: Number(found[2] ?? 1) } : START;
  return {
    place,
    problem: `running the file failed: ${messageOf(error).replaceAll(/\?shunt-load=\d+/g, "")}`,
  };
}
