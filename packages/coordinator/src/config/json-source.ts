import { leaf, locator, placeAt, type Source, type SourceChild, type SourceNode } from "./places.ts";

/**
 * Strict JSON (RFC 8259) with places. `JSON.parse` gives the value; this reader goes along for what that does not
 * tell: where things stand, where and why it stopped, and keys that stand twice.
 */
export function readJson(text: string): Source {
  const reader = new JsonReader(text);
  try {
    const root = reader.read();
    const [first] = reader.repeated;
    if (first !== undefined)
      return { ok: false, mistakes: reader.repeated.map((each) => mistake(text, each)) };
    return { ok: true, value: JSON.parse(text), locate: locator(text, root) };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { ok: false, mistakes: [...reader.repeated, error].map((each) => mistake(text, each)) };
  }
}

interface Found {
  readonly offset: number;
  readonly problem: string;
  readonly expected: string;
}

function mistake(text: string, { offset, problem, expected }: Found) {
  return { place: placeAt(text, offset), problem, expected };
}

class JsonError extends Error implements Found {
  readonly offset: number;
  readonly problem: string;
  readonly expected: string;

  constructor({ offset, problem, expected }: Found) {
    super(problem);
    this.offset = offset;
    this.problem = problem;
    this.expected = expected;
  }
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
/** What people write for a text or a number, to be shown as one. */
const WRONG = /['\w$.-]{1,40}|./suy;

/** A configuration is a few levels deep; the reader calls itself for each. */
const DEEPEST = 100;

class JsonReader {
  readonly repeated: Found[] = [];
  readonly #text: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): SourceNode {
    const root = this.#value();
    this.#skipSpace();
    if (this.#offset < this.#text.length) this.#fail("the end of the file after the first value");
    return root;
  }

  #value(): SourceNode {
    this.#skipSpace();
    const start = this.#offset;
    if (this.#peek() === "{") return this.#nested(() => this.#object(start));
    if (this.#peek() === "[") return this.#nested(() => this.#list(start));
    const scalar = this.#take(STRING) ?? this.#take(NUMBER) ?? this.#take(WORD);
    if (scalar === undefined) this.#fail("a value");
    return leaf(start);
  }

  #nested(read: () => SourceNode): SourceNode {
    if (++this.#depth > DEEPEST) this.#fail(`at most ${DEEPEST} levels`, "nested too deeply");
    this.#offset++;
    const node = read();
    this.#depth--;
    return node;
  }

  #object(start: number): SourceNode {
    const entries = new Map<string, SourceChild>();
    while (this.#hasNext("}", entries.size === 0)) {
      const key = this.#offset;
      const name = this.#key();
      if (entries.has(name)) this.#repeat(key, name);
      entries.set(name, { key, value: this.#value() });
    }
    return { start, child: (key) => entries.get(String(key)) };
  }

  #list(start: number): SourceNode {
    const items: SourceChild[] = [];
    while (this.#hasNext("]", items.length === 0)) {
      const key = this.#offset;
      items.push({ key, value: this.#value() });
    }
    return { start, child: (key) => (typeof key === "number" ? items[key] : undefined) };
  }

  /** Stands before the next member, or behind the end. */
  #hasNext(end: "}" | "]", first: boolean): boolean {
    this.#skipSpace();
    if (this.#peek() === end) {
      this.#offset++;
      return false;
    }
    if (first) return true;
    if (this.#peek() !== ",") this.#fail(`"," or "${end}"`);
    this.#offset++;
    this.#skipSpace();
    if (this.#peek() === end) this.#fail("another member after the comma", `found "${end}" after a comma`);
    return true;
  }

  #key(): string {
    const quoted = this.#take(STRING);
    if (quoted === undefined) return this.#fail("a key in double quotes");
    this.#skipSpace();
    if (this.#peek() !== ":") this.#fail('":" after the key');
    this.#offset++;
    return JSON.parse(quoted) as string;
  }

  #repeat(offset: number, name: string): void {
    const problem = `the key ${JSON.stringify(name)} stands in this object twice`;
    this.repeated.push({ offset, problem, expected: "each key once" });
  }

  #peek(): string | undefined {
    return this.#text[this.#offset];
  }

  #skipSpace(): void {
    this.#take(SPACE);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const taken = pattern.exec(this.#text)?.[0];
    this.#offset += taken?.length ?? 0;
    return taken;
  }

  #fail(expected: string, problem?: string): never {
    const offset = this.#offset;
    throw new JsonError({ offset, problem: `JSON: ${problem ?? this.#found()}`, expected });
  }

  #found(): string {
    const next = this.#peek();
    if (next === undefined) return "found the end of the file";
    if (next === "/" || next === "#") return "found a comment, which JSON has not";
    if (next === '"') return "found a text that does not end on its line, or has a wrong escape in it";
    return `found ${JSON.stringify(this.#take(WRONG) ?? next)}`;
  }
}
