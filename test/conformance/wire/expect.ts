import { encode, insertPlaces, type Places, show } from "../octets.ts";
import type {
  FieldExpectation,
  FieldExpectations,
  RequestExpectation,
  ResponseExpectation,
} from "../schema.ts";
import type { Content, Fields, Head } from "./message.ts";
import { Unmet } from "./wire.ts";

/** Comparisons of what came with what a scenario expects. All throw `Unmet`. */

/**
 * How narrowly a proxy is taken at its word. Shunt to the letter. Others to the sense: a version that no scenario names is
 * theirs to choose, so is the case of field names, and one status of the 400s or 500s is as good as another.
 */
export type Measure = "letter" | "sense";

const OUR_VERSION = "HTTP/1.1";

/** Of the first line: method, target, version; or version, status, reason. */
export function requestLine(head: Head): [method: string, target: string, version: string] {
  const [, method, target, version] =
    /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) (HTTP\/1\.[01])$/.exec(head.firstLine) ?? [];
  if (method === undefined || target === undefined || version === undefined)
    throw new Unmet(`expected a request line; found ${show(head.firstLine)}`);
  return [method, target, version];
}

export function statusLine(head: Head): [version: string, status: number, reason: string] {
  const [, version, status, reason] =
    /^(HTTP\/1\.[01]) ([1-5]\d\d) ([\t -~\x80-\xff]*)$/.exec(head.firstLine) ?? [];
  if (version === undefined || reason === undefined)
    throw new Unmet(`expected a status line; found ${show(head.firstLine)}`);
  return [version, Number(status), reason];
}

export function expectRequestHead(
  head: Head,
  expected: RequestExpectation,
  places: Places,
  measure: Measure,
): void {
  const [method, target, version] = requestLine(head);
  same("method", method, expected.method);
  same("target", target, expected.target === undefined ? undefined : insertPlaces(expected.target, places));
  same("version", version, expected.version ?? (measure === "letter" ? OUR_VERSION : undefined));
  const hosts = head.fields.get("host") ?? [];
  if (version === "HTTP/1.1" && hosts.length !== 1)
    throw new Unmet(`a request with ${hosts.length} Host fields`);
  expectFields("field", head.fields, expected.fields, places);
  expectLines(head.lines, expected.lines, places, measure);
}

export function expectResponseHead(
  head: Head,
  expected: ResponseExpectation,
  places: Places,
  measure: Measure,
): void {
  const [version, status, reason] = statusLine(head);
  const wanted = [expected.status].flat();
  if (!wanted.some((each) => isStatus(status, each, measure)))
    throw new Unmet(`expected status ${wanted.join(" or ")}; found ${status}`);
  same("version", version, expected.version ?? (measure === "letter" ? OUR_VERSION : undefined));
  same("reason", reason, expected.reason);
  expectFields("field", head.fields, expected.fields, places);
  expectLines(head.lines, expected.lines, places, measure);
}

function isStatus(status: number, wanted: number, measure: Measure): boolean {
  const bySense = measure === "sense" && wanted >= 400;
  return bySense ? Math.floor(status / 100) === Math.floor(wanted / 100) : status === wanted;
}

export async function expectContent(
  content: Content,
  expected: RequestExpectation | ResponseExpectation,
  places: Places,
): Promise<void> {
  same("framing", content.framing, expected.framing);
  if (expected.pending) return;
  const { octets, complete } = await content.rest();
  const wanted = expected.body === undefined ? undefined : encode(expected.body, places);
  if (wanted !== undefined && !wanted.equals(octets))
    throw new Unmet(`expected the content ${show(wanted)}; found ${show(octets)}`);
  const mayBreak = "truncated" in expected && expected.truncated === true;
  if (complete === mayBreak)
    throw new Unmet(
      `expected ${mayBreak ? "the content to break off" : "all of the content"}; found ${show(octets)}, ${complete ? "complete" : "incomplete"}`,
    );
  if (expected.trailers !== undefined) expectFields("trailer", content.trailers, expected.trailers, places);
}

export function expectFields(kind: string, found: Fields, expected: FieldExpectations, places: Places): void {
  for (const [name, expectation] of Object.entries(expected)) {
    const values = found.get(name.toLowerCase()) ?? [];
    const wrong = mismatch(values, expectation, places);
    if (wrong !== undefined)
      throw new Unmet(
        `expected ${kind} ${name} ${wrong}; found ${values.length === 0 ? "none" : values.map(show).join(" and ")}`,
      );
  }
}

/** What was expected, where it is not so. */
function mismatch(values: readonly string[], expected: FieldExpectation, places: Places): string | undefined {
  if (expected === null) return values.length === 0 ? undefined : "to be absent";
  if (expected === true) return values.length > 0 ? undefined : "to be present";
  if (typeof expected === "string" || Array.isArray(expected)) {
    const wanted = [expected].flat().map((value) => insertPlaces(value, places));
    return values.length === wanted.length && values.every((value, i) => value === wanted[i])
      ? undefined
      : `to be ${wanted.map(show).join(" and ")}`;
  }
  const joined = values.join(", ");
  if ("matches" in expected)
    return values.length > 0 && new RegExp(insertPlaces(expected.matches, places)).test(joined)
      ? undefined
      : `to match ${expected.matches}`;
  const part = insertPlaces(expected.contains, places);
  return joined.includes(part) ? undefined : `to contain ${show(part)}`;
}

function expectLines(
  found: readonly string[],
  expected: readonly string[],
  places: Places,
  measure: Measure,
): void {
  const spelling = (line: string): string =>
    measure === "letter" ? line : line.replace(/^[^:]*/, (name) => name.toLowerCase());
  const lines = found.map(spelling);
  let at = 0;
  for (const line of expected) {
    const wanted = spelling(insertPlaces(line, places));
    const index = lines.indexOf(wanted, at);
    if (index < 0)
      throw new Unmet(
        `expected the field line ${show(wanted)}, in this order; found ${found.map(show).join(" ")}`,
      );
    at = index + 1;
  }
}

function same(what: string, found: string, expected: string | undefined): void {
  if (expected !== undefined && found !== expected)
    throw new Unmet(`expected ${what} ${show(expected)}; found ${show(found)}`);
}
