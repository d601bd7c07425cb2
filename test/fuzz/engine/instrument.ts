import { registerHooks, stripTypeScriptTypes } from "node:module";
import { parse } from "acorn";
import { coverage, EDGES } from "./coverage.ts";

/**
 * Counts every branch that code of ours takes: as its modules are loaded, a counter is put at the start of each block
 * and of each expression that may be left out. (Jazzer.js would do the same; its engine does not load on Debian 12, and
 * it does not see ECMAScript modules. V8's own precise coverage costs milliseconds for each look.)
 */
export function instrument(isSubject: (url: string) => boolean): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!isSubject(url) || loaded.source == null) return loaded;
      const text = Buffer.from(loaded.source as Uint8Array).toString("utf8");
      const code = loaded.format === "module-typescript" ? stripTypeScriptTypes(text) : text;
      return { format: "module", source: withCounters(code), shortCircuit: true };
    },
  });
}

/** A node of ESTree, as far as it matters here: what it holds is looked at by name. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly consequent?: unknown;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** The code with a counter in each branch; its lines stay where they were. */
export function withCounters(code: string): string {
  const insertions: Insertion[] = [];
  visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }), insertions);
  // The sort is stable: of two at one place the one that was put there first stays first.
  insertions.sort((a, b) => a.at - b.at);
  let out = `const ${EDGES} = globalThis.${EDGES};`;
  let from = 0;
  for (const { at, text } of insertions) {
    out += code.slice(from, at) + text;
    from = at;
  }
  return out + code.slice(from);
}

function visit(node: Node, insertions: Insertion[]): void {
  const start = startOfBlock(node);
  if (start !== undefined) insertions.push({ at: start, text: `${counter()};` });
  for (const [key, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) visitChild(node, key, child, insertions);
  }
}

/** Where the counter of a block, or of a case with statements of its own, stands. */
function startOfBlock(node: Node): number | undefined {
  if (node.type === "BlockStatement") return node.start + 1;
  return node.type === "SwitchCase" ? (node.consequent as Node[])[0]?.start : undefined;
}

/** A branch that is no block gets its counter around it; it is told by where it stands. */
function visitChild(parent: Node, key: string, child: Node, insertions: Insertion[]): void {
  if (child.type === "BlockStatement" || !BRANCHES[parent.type]?.includes(key)) {
    visit(child, insertions);
    return;
  }
  const [before, after] = EXPRESSIONS.has(parent.type) ? [`(${counter()},`, ")"] : [`{${counter()};`, "}"];
  insertions.push({ at: child.start, text: before });
  visit(child, insertions);
  insertions.push({ at: child.end, text: after });
}

const BRANCHES: Readonly<Record<string, readonly string[]>> = {
  IfStatement: ["consequent", "alternate"],
  ForStatement: ["body"],
  ForOfStatement: ["body"],
  ForInStatement: ["body"],
  WhileStatement: ["body"],
  DoWhileStatement: ["body"],
  ConditionalExpression: ["consequent", "alternate"],
  LogicalExpression: ["right"],
  ArrowFunctionExpression: ["body"],
};
const EXPRESSIONS = new Set(["ConditionalExpression", "LogicalExpression", "ArrowFunctionExpression"]);

function counter(): string {
  return `${EDGES}[${coverage.nextEdge()}]++`;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
