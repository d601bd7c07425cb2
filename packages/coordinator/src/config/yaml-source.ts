import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import {
  leaf,
  locator,
  placeAt,
  type Source,
  type SourceChild,
  type SourceNode,
  type SyntaxMistake,
} from "./places.ts";

/** Aliases may multiply a small file into a large value; a configuration needs few. */
const MOST_ALIASES = 1_000;

/** YAML 1.2 with places, one document. What YAML itself only warns about is a mistake here. */
export function readYaml(text: string): Source {
  const document = parseDocument(text, { prettyErrors: false });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) return { ok: false, mistakes: problems.map((error) => mistakeOf(text, error)) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { ok: true, value, locate: locator(text, nodeOf(document.contents, document)) };
  } catch (error) {
    const problem = `YAML: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, mistakes: [{ place: { line: 1, column: 1 }, problem }] };
  }
}

function mistakeOf(text: string, error: YAMLError): SyntaxMistake {
  const place = placeAt(text, error.pos[0]);
  if (error.code !== "DUPLICATE_KEY") return { place, problem: `YAML: ${error.message}` };
  const [key = ""] = text.slice(error.pos[0]).split(/\s*:(?:\s|$)/, 1);
  return {
    place,
    problem: `the key ${JSON.stringify(key)} stands in this map twice`,
    expected: "each key once",
  };
}

function nodeOf(node: unknown, document: Document): SourceNode {
  if (isAlias(node)) return { ...nodeOf(node.resolve(document), document), start: startOf(node) };
  if (!isCollection(node)) return leaf(startOf(node));
  return { start: startOf(node), child: (key) => childOf(node, key, document) };
}

function childOf(node: Node, key: string | number, document: Document): SourceChild | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(key)];
    return item === undefined ? undefined : { key: startOf(item), value: nodeOf(item, document) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key));
  if (pair === undefined) return undefined;
  // A key without a value stands for null, which has no place of its own.
  const value = pair.value === null ? leaf(startOf(pair.key)) : nodeOf(pair.value, document);
  return { key: startOf(pair.key), value };
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}
