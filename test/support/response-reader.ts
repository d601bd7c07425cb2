import type { OctetSource } from "./octet-source.ts";

/** A response as a client got it, complete. */
export interface RawResponse {
  readonly version: string;
  readonly status: number;
  /** By name in lower case, in the order in which they came. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  readonly text: string;
  /** How the end of the body was found. */
  readonly framing: "none" | "length" | "chunked" | "close";
}

/** The value of a field, several joined as RFC 9110, section 5.3 has it; undefined when it is absent. */
export function field(response: RawResponse, name: string): string | undefined {
  return response.fields.get(name)?.join(", ");
}

/**
 * Reads the next response, final or interim, as RFC 9112 has it and nothing laxer: a response that Shunt should not
 * have sent is an error, and one that breaks off is `Truncated`.
 */
export async function readResponse(source: OctetSource, method: string): Promise<RawResponse> {
  const statusLine = await source.line();
  const [, version, code] = /^(HTTP\/1\.[01]) (\d{3}) [\t -~\x80-\xff]*$/.exec(statusLine) ?? [];
  if (version === undefined) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(code);
  const fields = await readFields(source);
  const framing = framingOf(method, status, fields);
  const body = await readBody(source, framing, fields);
  return { version, status, fields, body, text: body.toString(), framing };
}

async function readFields(source: OctetSource): Promise<Map<string, string[]>> {
  const fields = new Map<string, string[]>();
  for (let line = await source.line(); line !== ""; line = await source.line()) {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`not a field line: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    fields.set(key, [...(fields.get(key) ?? []), value]);
  }
  return fields;
}

/** RFC 9112, section 6.3. */
function framingOf(
  method: string,
  status: number,
  fields: ReadonlyMap<string, readonly string[]>,
): RawResponse["framing"] {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== undefined && length !== undefined) throw new Error("two framings in one response");
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return "none";
  if (coding !== undefined) {
    if (coding.join() !== "chunked") throw new Error(`unexpected Transfer-Encoding: ${coding.join()}`);
    return "chunked";
  }
  return length === undefined ? "close" : "length";
}

async function readBody(
  source: OctetSource,
  framing: RawResponse["framing"],
  fields: ReadonlyMap<string, readonly string[]>,
): Promise<Buffer> {
  switch (framing) {
    case "none":
      return Buffer.alloc(0);
    case "length":
      return await source.take(lengthOf(fields));
    case "chunked":
      return await readChunks(source);
    case "close":
      return await source.rest();
    default:
      return framing satisfies never;
  }
}

function lengthOf(fields: ReadonlyMap<string, readonly string[]>): number {
  const value = fields.get("content-length")?.join(", ") ?? "";
  if (!/^\d+$/.test(value)) throw new Error(`not one Content-Length: ${value}`);
  return Number(value);
}

async function readChunks(source: OctetSource): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const line = await source.line();
    const [, digits] = /^([0-9a-fA-F]+)(?:;.*)?$/.exec(line) ?? [];
    if (digits === undefined) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(digits, 16);
    if (size === 0) break;
    pieces.push(await source.take(size));
    if ((await source.line()) !== "") throw new Error("no line end behind a chunk");
  }
  await readFields(source);
  return Buffer.concat(pieces);
}
