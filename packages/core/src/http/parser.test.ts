import { createHash } from "node:crypto";
import wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";
import undici from "undici/package.json" with { type: "json" };
import { describe, expect, test } from "vitest";
import { LIMIT_RANGES } from "../config/defaults.ts";
import { methodName } from "./methods.ts";
import { HeadParser, LLHTTP, PARSER_BYTES, PARSER_FIELDS } from "./parser.ts";

/**
 * undici's build of llhttp is not public API. These tests fail when the file changes, so that an upgrade is a decision
 * (decision 0001): look at what changed in llhttp, run everything, and only then write down the new facts here.
 */

const wasmApi = WebAssembly as unknown as {
  Module: {
    new (bytes: Uint8Array): WebAssembly.Module;
    imports(module: WebAssembly.Module): { module: string; name: string; kind: string }[];
    exports(module: WebAssembly.Module): { name: string; kind: string }[];
  };
};
const module = new wasmApi.Module(wasm);

const IMPORTS = [
  "env.wasm_on_body",
  "env.wasm_on_header_field",
  "env.wasm_on_header_value",
  "env.wasm_on_headers_complete",
  "env.wasm_on_message_begin",
  "env.wasm_on_message_complete",
  "env.wasm_on_status",
  "env.wasm_on_url",
];

/** What the adapter calls, and what these tests call besides. */
const USED = [
  "_initialize",
  "llhttp_alloc",
  "llhttp_errno_name",
  "llhttp_execute",
  "llhttp_get_error_pos",
  "llhttp_get_http_major",
  "llhttp_get_http_minor",
  "llhttp_get_method",
  "llhttp_get_status_code",
  "llhttp_method_name",
  "llhttp_reset",
  "malloc",
];

const EXPORTS = 40;

interface Names {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  llhttp_method_name(method: number): number;
  llhttp_errno_name(code: number): number;
}

function instantiate(): Names {
  const stubs = Object.fromEntries(IMPORTS.map((name) => [name.slice("env.".length), () => 0]));
  const names = new WebAssembly.Instance(module, { env: stubs }).exports as unknown as Names;
  names._initialize();
  return names;
}

function textAt({ memory }: Names, at: number): string {
  const octets = Buffer.from(memory.buffer);
  return octets.latin1Slice(at, octets.indexOf(0, at));
}

describe("llhttp of undici", () => {
  test("is the version that was looked at", () => {
    expect(undici.version).toBe("8.12.4");
  });

  test("is the file that was looked at", () => {
    expect(createHash("sha256").update(wasm).digest("hex")).toBe(
      "18403ee56fab07f89a845028bad358bb3ebcda213f8e2ec0989a991e9c33da69",
    );
  });

  test("imports the callbacks that the adapter gives, and no other", () => {
    const imports = wasmApi.Module.imports(module);
    expect(imports.map(({ module: from, name }) => `${from}.${name}`).sort()).toEqual(IMPORTS);
    expect(imports.every(({ kind }) => kind === "function")).toBe(true);
  });

  test("exports the functions that are called", () => {
    const exports = wasmApi.Module.exports(module);
    const functions = exports.filter(({ kind }) => kind === "function").map(({ name }) => name);
    expect(functions).toEqual(expect.arrayContaining(USED));
    expect(exports).toContainEqual(expect.objectContaining({ name: "memory", kind: "memory" }));
    expect(exports).toHaveLength(EXPORTS);
  });

  test("gives the methods of HTTP the numbers of methods.ts", () => {
    const names = instantiate();
    const numbers = [...Array.from({ length: 34 }, (_, number) => number), 46];
    for (const number of numbers)
      expect(methodName(number)).toBe(textAt(names, names.llhttp_method_name(number)));
    for (let number = 34; number < 256; number++)
      if (number !== 46) expect(methodName(number)).toBeUndefined();
  });

  test("gives its errors the numbers of LLHTTP", () => {
    const names = instantiate();
    for (const [name, number] of Object.entries(LLHTTP)) {
      expect(textAt(names, names.llhttp_errno_name(number))).toBe(`HPE_${name}`);
    }
  });
});

function parse(text: string, kind: "request" | "response" = "request"): HeadParser {
  const octets = Buffer.from(text, "latin1");
  const parser = new HeadParser(kind);
  parser.load(octets, 0, octets.length);
  parser.parse(0, octets.length);
  return parser;
}

function partsOf({ bytes, fields, fieldCount }: HeadParser): string[] {
  return Array.from({ length: fieldCount }, (_, i) => {
    const [nameAt = 0, nameLength = 0, valueAt = 0, valueLength = 0] = fields.subarray(i * 4, i * 4 + 4);
    return `${bytes.latin1Slice(nameAt, nameAt + nameLength)}=${bytes.latin1Slice(valueAt, valueAt + valueLength)}`;
  });
}

describe("HeadParser", () => {
  test("finds the parts of a request head and stops at its end", () => {
    const head = "POST /a?b HTTP/1.1\r\nHost:  h \r\nEmpty:\r\nContent-Length: 3\r\n\r\n";
    const parser = parse(`${head}abc`);
    expect(parser.code).toBe(LLHTTP.PAUSED_UPGRADE);
    expect(parser.end).toBe(head.length);
    expect(methodName(parser.method)).toBe("POST");
    expect(parser.version).toBe(11);
    expect(parser.bytes.latin1Slice(parser.urlAt, parser.urlAt + parser.urlLength)).toBe("/a?b");
    expect(partsOf(parser)).toEqual(["Host=h ", "Empty=", "Content-Length=3"]);
  });

  test("finds the parts of a response head, whatever its status says about a body", () => {
    for (const status of [101, 200, 204, 304]) {
      const parser = parse(`HTTP/1.0 ${status} Fine\r\nA: b\r\n\r\nrest`, "response");
      expect(parser.code).toBe(LLHTTP.PAUSED_UPGRADE);
      expect([parser.status, parser.version]).toEqual([status, 10]);
      expect(partsOf(parser)).toEqual(["A=b"]);
    }
  });

  test("says OK, and what it has seen, of a head that has not ended", () => {
    const parser = parse("GET / HTTP/1.1\r\nHost: h\r\nAcc");
    expect(parser.code).toBe(LLHTTP.OK);
    expect(parser.end).toBe(28);
    expect(partsOf(parser)).toEqual(["Host=h", "Acc="]);
  });

  test("parses from an offset, and forgets the head before", () => {
    const first = "GET /long-target HTTP/1.0\r\nA: b\r\nC: d\r\n\r\n";
    const second = "HEAD /2 HTTP/1.1\r\nE: f\r\n\r\n";
    const parser = parse(first + second);
    parser.parse(first.length, first.length + second.length);
    expect(methodName(parser.method)).toBe("HEAD");
    expect(parser.urlLength).toBe(2);
    expect(parser.version).toBe(11);
    expect(partsOf(parser)).toEqual(["E=f"]);
    expect(parser.end).toBe(first.length + second.length);
  });

  test("stops at more fields than it can hold", () => {
    const parser = parse(`GET / HTTP/1.1\r\n${"A: b\r\n".repeat(PARSER_FIELDS + 1)}\r\n`);
    expect(parser.code).toBe(LLHTTP.USER);
    expect(parser.fieldCount).toBe(PARSER_FIELDS);
  });

  test("holds the largest head that limits can allow, and an octet more", () => {
    expect(PARSER_BYTES).toBeGreaterThan(LIMIT_RANGES.headBytes[1]);
    expect(PARSER_FIELDS).toBeGreaterThanOrEqual(LIMIT_RANGES.fields[1]);
  });

  /** A verdict of llhttp that our rules build on. Another verdict changes what arrives at our own checks. */
  const REFUSED: readonly (readonly [what: string, head: string, code: number])[] = [
    ["a bare LF", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", LLHTTP.CR_EXPECTED],
    ["a bare CR", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", LLHTTP.LF_EXPECTED],
    ["CR LF CR without LF", "GET / HTTP/1.1\r\nA: b\r\n\rX", LLHTTP.STRICT],
    ["a folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["a space before the colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["an empty name", "GET / HTTP/1.1\r\n: b\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["NUL in a value", "GET / HTTP/1.1\r\nA: \0\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["DEL in a value", "GET / HTTP/1.1\r\nA: \x7f\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["an octet beyond ASCII in a name", "GET / HTTP/1.1\r\n\xe4: b\r\n\r\n", LLHTTP.INVALID_HEADER_TOKEN],
    ["a control octet in the target", "GET /\x01 HTTP/1.1\r\n\r\n", LLHTTP.INVALID_URL],
    ["an octet beyond ASCII in the target", "GET /\xe4 HTTP/1.1\r\n\r\n", LLHTTP.INVALID_URL],
    ["a space in the target", "GET /a b HTTP/1.1\r\n\r\n", LLHTTP.INVALID_CONSTANT],
    ["an unknown method", "FOO / HTTP/1.1\r\n\r\n", LLHTTP.INVALID_METHOD],
    ["a version that is none", "GET / HTTP/1.2\r\n\r\n", LLHTTP.INVALID_VERSION],
    ["a length with a sign", "GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", LLHTTP.INVALID_CONTENT_LENGTH],
    ["an empty length", "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", LLHTTP.INVALID_CONTENT_LENGTH],
    [
      "two lengths",
      "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
      LLHTTP.UNEXPECTED_CONTENT_LENGTH,
    ],
    [
      "a length and a coding",
      "GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      LLHTTP.INVALID_TRANSFER_ENCODING,
    ],
    [
      "a coding and a length",
      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      LLHTTP.INVALID_CONTENT_LENGTH,
    ],
    [
      "a coding behind chunked",
      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
      LLHTTP.INVALID_TRANSFER_ENCODING,
    ],
  ];

  test.each(REFUSED)("refuses %s", (_, head, code) => {
    expect(parse(head).code).toBe(code);
  });

  /** What it lets through is ours to refuse; if it no longer did, these checks of ours would be untested. */
  test.each([
    ["HTTP/0.9", "GET / HTTP/0.9\r\n\r\n"],
    ["HTTP/2.0", "GET / HTTP/2.0\r\n\r\n"],
    ["a line without a version", "GET /\r\n\r\n"],
    ["two spaces", "GET  / HTTP/1.1\r\n\r\n"],
    ["a bare LF before the request line", "\nGET / HTTP/1.1\r\n\r\n"],
    ["a missing Host", "GET / HTTP/1.1\r\n\r\n"],
    ["a repeated Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["Transfer-Encoding in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["a coding that is not chunked", "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"],
    ["a fragment in the target", "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["userinfo in the target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("lets %s through", (_, head) => {
    expect(parse(head).code).toBe(LLHTTP.PAUSED_UPGRADE);
  });

  test("lets control octets in a reason phrase through", () => {
    expect(parse("HTTP/1.1 200 a\0b\r\n\r\n", "response").code).toBe(LLHTTP.PAUSED_UPGRADE);
  });
});
