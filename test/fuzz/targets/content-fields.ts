import { ContentFacts } from "../../../packages/core/src/content/content-facts.ts";
import { isPointer, pointerTokens } from "../../../packages/core/src/content/json-pointer.ts";
import { HEAD_FLAG } from "../../../packages/core/src/http/head-flags.ts";
import { require, type Target } from "../engine/target.ts";

const NAMES = ["/a", "/a/b", "/a/0", "/a~1b", "/", "//", "/0", "a", "b"];
const LONGEST = 4_096;

/** What rules read in the content: JSON pointers, beside JSON.parse, and form fields, beside URLSearchParams. */
export class ContentFieldsTarget implements Target {
  readonly name = "content-fields";
  readonly claim =
    "a field of JSON or of a form has the value that others read, is absent only where they find none, else unknown";
  readonly seeds = [
    '{"a":{"b":[1,true,null,"x"]},"a/b":2,"":{"":1}}',
    '[{"a":1},2]',
    '{"a":1,"a":2}',
    '{"a":"\\u00e4\\ud83d\\ude00","b":-1.5e+3}',
    "a=b&b=%20+c&a=d",
  ];
  readonly dictionary = [
    '{"a":',
    '{"b":',
    '"a/b"',
    '""',
    "[",
    "]",
    "}",
    ",",
    ":",
    "null",
    "\\u0061",
    "\\ud800",
    "1e5",
    "-0",
    "a=",
    "&b=",
    "%",
    "+",
  ];
  readonly maxBytes = 300;
  readonly weight = 1;
  readonly #facts = new ContentFacts(NAMES);

  run(octets: Buffer): string {
    return `${this.#checkJson(octets)} ${this.#checkForm(octets)}`;
  }

  #read(octets: Buffer, type: string): void {
    const header = (name: string): readonly string[] => (name === "content-type" ? [type] : []);
    const framed = { flags: HEAD_FLAG.CONTENT, contentLength: octets.length };
    this.#facts.begin(framed, { header }, LONGEST);
    this.#facts.read(octets);
  }

  #checkJson(octets: Buffer): string {
    this.#read(octets, "application/json");
    const parsed = parse(octets);
    const states = NAMES.filter(isPointer).map((pointer) => {
      const { state, values } = this.#facts.field(pointer);
      const found = parsed === undefined ? NOTHING : at(parsed.value, pointer);
      const says = (): string => `${pointer} is ${state} ${JSON.stringify(values)}`;
      if (octets.length > 0)
        require(parsed !== undefined || state === "unknown", () => `${says()} in what is no JSON`);
      if (state === "absent") require(found === NOTHING, () => `${says()}, and JSON.parse has it`);
      const [text] = values;
      if (state === "present" && text !== undefined)
        require(isSame(text, found), () => `${says()}, and JSON.parse has ${JSON.stringify(found)}`);
      return state;
    });
    return states.join();
  }

  #checkForm(octets: Buffer): string {
    this.#read(octets, "application/x-www-form-urlencoded");
    const all = new URLSearchParams(`&${octets.toString("latin1")}`);
    return NAMES.filter((name) => !isPointer(name))
      .map((name) => {
        const { state, values } = this.#facts.field(name);
        const [a, b] = [JSON.stringify(values), JSON.stringify(all.getAll(name).slice(0, values.length))];
        if (state === "present") require(a === b, () => `${name}: ${a}, and URLSearchParams has ${b}`);
        if (state === "absent")
          require(!all.has(name), () => `${name} is absent, and URLSearchParams has it`);
        return state;
      })
      .join();
  }
}

const NOTHING = Symbol("nothing");

/** As every server reads it: UTF-8 to the letter, and JSON without a mark before it. */
function parse(octets: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets)) };
  } catch {
    return undefined;
  }
}

function at(value: unknown, pointer: string): unknown {
  let found = value;
  for (const token of pointerTokens(pointer) ?? []) {
    if (typeof found !== "object" || found === null) return NOTHING;
    const isIndex = !Array.isArray(found) || /^(?:0|[1-9]\d*)$/.test(token);
    if (!isIndex || !Object.hasOwn(found, token)) return NOTHING;
    found = (found as Record<string, unknown>)[token];
  }
  return found;
}

/** Numbers are told as they are written: JSON.parse is asked which they are. */
function isSame(text: string, found: unknown): boolean {
  return typeof found === "string" ? text === found : Object.is(JSON.parse(text), found);
}
