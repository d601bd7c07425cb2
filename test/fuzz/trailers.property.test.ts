import fc from "fast-check";
import { expect, test } from "vitest";
import { sentOn } from "../../packages/core/src/http/body.ts";
import { ChunkedBody } from "../../packages/core/src/http/chunked-body.ts";
import { piecesBy, split } from "./arbitraries.ts";
import { lateFields } from "./oracle/late-fields.ts";
import type { Field } from "./oracle/message.ts";
import { readRequestByNode, readResponseByNode } from "./oracle/node-reader.ts";

const LIMITS = Object.freeze({ chunkExtensionBytes: 256, trailerBytes: 1_024, fields: 16 });
const REQUEST = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const name = fc.constantFrom(
  "X-Sum",
  "ETag",
  "Vias",
  "Via",
  "Set-Cookie",
  "x_forwarded_host",
  "Range",
  "DATE",
);
const value = fc.constantFrom("", "a", "a b", "0;c", "\xff");
const field: fc.Arbitrary<Field> = fc.tuple(name, value);
const chunks = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: "binary-ascii" }), { maxLength: 3 });

function sentOnOf(body: string, at: readonly number[]): string {
  const chunked = new ChunkedBody(LIMITS);
  const pieces = piecesBy(body, at).map((piece) =>
    sentOn(chunked, piece, 0, chunked.take(piece, 0, piece.length)),
  );
  expect([chunked.done, chunked.fault]).toEqual([true, undefined]);
  return Buffer.concat(pieces).latin1Slice();
}

test("ChunkedBody sends on what Node reads as the same content and the trailers that may be any", () => {
  fc.assert(
    fc.property(chunks, fc.array(field, { maxLength: 6 }), split, (data, trailers, at) => {
      const content = data.join("");
      const framed = data.map((chunk) => `${chunk.length.toString(16)};x=y\r\n${chunk}\r\n`).join("");
      const lines = trailers.map((line) => `${line.join(": ")}\r\n`).join("");
      const sent = sentOnOf(`${framed}0\r\n${lines}\r\n`, at);
      const expected = lateFields({ fields: [], trailers });
      expect(readRequestByNode(REQUEST + sent)).toMatchObject({ message: { content, trailers: expected } });
      const answer = readResponseByNode(RESPONSE + sent, "GET", false);
      expect(answer).toMatchObject({ message: { body: content, trailers: expected } });
    }),
    { numRuns: 1_000 },
  );
});
