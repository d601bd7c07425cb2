import { stripTypeScriptTypes } from "node:module";
import {
  type CallExpression,
  type Expression,
  type ImportDeclaration,
  type ObjectExpression,
  type Program,
  type Property,
  parse,
  type SpreadElement,
} from "acorn";
import {
  COMPUTED,
  type Locate,
  leaf,
  locator,
  messageOf,
  type Place,
  placeAt,
  type SourceChild,
  type SourceNode,
  type SyntaxMistake,
} from "./places.ts";

/** The module that configuration files import. */
export const CONFIG_MODULE = "shunt/config";

/** JavaScript in which every character still has the place that it has in the file, or why there is none. */
export type Stripped = { readonly code: string } | { readonly mistake: SyntaxMistake };

/** Takes the types away and leaves blanks, so that places hold. */
export function stripTypes(text: string): Stripped {
  try {
    return { code: withoutWarning(() => stripTypeScriptTypes(text, { mode: "strip" })) };
  } catch (error) {
    return { mistake: { place: placeOfTypeError(error), problem: `TypeScript: ${messageOf(error)}` } };
  }
}

/**
 * The function is marked experimental, and Node tells that to whoever looks at the terminal. It is the stripping that
 * Node applies to every .ts file without a word, so there is nothing in it for the user. The call is synchronous:
 * nobody else's warning can fall into the gap.
 */
function withoutWarning<T>(work: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * The error has no field for it: Node begins the stack with `:LINE`, the lines of the source, and marks below the
 * place. Where a source map support has rewritten the stack that is lost, and the start of the file has to do.
 */
function placeOfTypeError(error: unknown): Place {
  const shown = /^[^\n]*?:(\d+)\n[\s\S]*?^( *)\^/m.exec(error instanceof Error ? (error.stack ?? "") : "");
  return { line: Number(shown?.[1] ?? 1), column: (shown?.[2]?.length ?? 0) + 1 };
}

/** Where options stand in a module, or why it cannot be parsed. */
export type ModulePlaces = { readonly locate: Locate } | { readonly mistake: SyntaxMistake };

/**
 * Finds the options that a module exports: the argument of `defineConfig`, or the default export itself. Literals are
 * followed, and constants of the same file; everything else has the place of the call.
 */
export function modulePlaces(code: string): ModulePlaces {
  try {
    const program = parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
    return { locate: placesIn(program, code) };
  } catch (error) {
    const offset = (error as { readonly pos?: unknown }).pos;
    const place = placeAt(code, typeof offset === "number" ? offset : 0);
    return { mistake: { place, problem: `JavaScript: ${messageOf(error).replace(/ \(\d+:\d+\)$/, "")}` } };
  }
}

function placesIn(program: Program, code: string): Locate {
  const scope = scopeOf(program);
  const exported = defaultExport(program);
  if (exported === undefined) return locator(code, COMPUTED);
  const expression = follow(exported, scope);
  const call = isDefinition(expression, scope) ? expression : undefined;
  const options = call === undefined ? expression : call.arguments[0];
  const root = options === undefined || options.type === "SpreadElement" ? COMPUTED : nodeOf(options, scope);
  return locator(code, root, call?.start ?? exported.start);
}

/** What names of the file stand for, as far as the text tells. */
interface Scope {
  readonly constants: ReadonlyMap<string, Expression>;
  /** Local names of `defineConfig`. */
  readonly definers: ReadonlySet<string>;
}

function scopeOf(program: Program): Scope {
  const constants = new Map<string, Expression>();
  const definers = new Set<string>();
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") for (const name of definersIn(statement)) definers.add(name);
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === "Identifier" && init) constants.set(id.name, init);
    }
  }
  return { constants, definers };
}

function definersIn({ source, specifiers }: ImportDeclaration): string[] {
  if (source.value !== CONFIG_MODULE) return [];
  return specifiers
    .filter(
      (each) =>
        each.type === "ImportSpecifier" &&
        each.imported.type === "Identifier" &&
        each.imported.name === "defineConfig",
    )
    .map((each) => each.local.name);
}

function defaultExport(program: Program): Expression | undefined {
  for (const statement of program.body) {
    if (statement.type !== "ExportDefaultDeclaration") continue;
    const { declaration } = statement;
    const isCode = declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration";
    return isCode ? undefined : (declaration as Expression);
  }
  return undefined;
}

/** From a name to what it stands for; a name that stands for itself through others is given back as it is. */
function follow(expression: Expression, { constants }: Scope): Expression {
  const seen = new Set<string>();
  let current = expression;
  while (current.type === "Identifier" && !seen.has(current.name)) {
    const meant = constants.get(current.name);
    if (meant === undefined) return current;
    seen.add(current.name);
    current = meant;
  }
  return current;
}

function isDefinition(expression: Expression, { definers }: Scope): expression is CallExpression {
  if (expression.type !== "CallExpression") return false;
  const { callee } = expression;
  if (callee.type === "Identifier") return definers.has(callee.name);
  return (
    callee.type === "MemberExpression" &&
    callee.property.type === "Identifier" &&
    callee.property.name === "defineConfig"
  );
}

function nodeOf(raw: Expression, scope: Scope): SourceNode | typeof COMPUTED {
  const expression = follow(raw, scope);
  const { start } = expression;
  switch (expression.type) {
    case "ObjectExpression":
      return { start, child: (key) => propertyOf(expression, String(key), scope) };
    case "ArrayExpression":
      return { start, child: (key) => elementOf(expression.elements, Number(key), scope) };
    case "Literal":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return leaf(start);
    case "TemplateLiteral":
      return expression.expressions.length === 0 ? leaf(start) : COMPUTED;
    case "UnaryExpression":
      return expression.argument.type === "Literal" ? leaf(start) : COMPUTED;
    case "Identifier":
      return expression.name === "undefined" ? leaf(start) : COMPUTED;
    default:
      return COMPUTED;
  }
}

/** From the end, because the last one counts: beyond a spread, or a computed name, nothing is certain. */
function propertyOf(
  { properties }: ObjectExpression,
  key: string,
  scope: Scope,
): SourceChild | typeof COMPUTED | undefined {
  for (const property of properties.toReversed()) {
    const name = nameOf(property);
    if (name === undefined) return COMPUTED;
    if (name === key) return { key: property.start, value: nodeOf((property as Property).value, scope) };
  }
  return undefined;
}

function nameOf(property: Property | SpreadElement): string | undefined {
  if (property.type === "SpreadElement") return undefined;
  if (property.key.type === "Literal") return String(property.key.value);
  return property.key.type === "Identifier" && !property.computed ? property.key.name : undefined;
}

function elementOf(
  elements: readonly (Expression | SpreadElement | null)[],
  index: number,
  scope: Scope,
): SourceChild | typeof COMPUTED | undefined {
  if (elements.slice(0, index + 1).some((each) => each?.type === "SpreadElement")) return COMPUTED;
  const element = elements[index];
  if (!element || element.type === "SpreadElement") return undefined;
  return { key: element.start, value: nodeOf(element, scope) };
}
