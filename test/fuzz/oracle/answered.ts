import { require, shown } from "../engine/target.ts";
import { lateFields } from "./late-fields.ts";
import { readResponseByLlhttp } from "./llhttp-reader.ts";
import { type Field, membersOf, type ResponseMessage, valuesOf } from "./message.ts";
import { readResponseByNode } from "./node-reader.ts";

/** What a response has to look like on the client's side of Shunt (RFC 9110 section 7.6). */

/** Fields that concern one connection alone, and those that frame: a body may be framed anew. */
const APART = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "upgrade",
  "transfer-encoding",
  "content-length",
  "via",
  "date",
]);

/** Throws unless `got` is what is left of `sent` on its way to a client of HTTP/1.`minor`. `text`: the octets of `got`. */
export function checkAnswered(
  sent: ResponseMessage,
  got: ResponseMessage,
  text: string,
  minor: number,
): void {
  const same = (what: string, ours: unknown, theirs: unknown): void =>
    require(JSON.stringify(ours) === JSON.stringify(theirs), () =>
      `${what}: the client should get ${JSON.stringify(theirs)}, and got ${JSON.stringify(ours)}: ${shown(text)}`);
  same("version", got.minor, 1);
  same("status", got.status, sent.status);
  same("reason", got.reason, sent.reason);
  same("body", got.body, sent.body);
  if (minor === 1) same("trailers", got.trailers, lateFields(sent));
  same("fields", passedOn(got, sent, minor), passedOn(sent, sent, minor));
  same("Via", valuesOf(got.fields, "via"), [...valuesOf(sent.fields, "via"), `1.${sent.minor} shunt`]);
  same("Date", valuesOf(sent.fields, "date").length === 0 || valuesOf(got.fields, "date").length > 0, true);
}

/** All who read it read the same. `method`: of its request; `ended`: the connection ended behind it. */
export function checkResponseReaders(
  message: ResponseMessage,
  text: string,
  method: string,
  ended: boolean,
): void {
  for (const [reader, reading] of [
    ["Node's parser", readResponseByNode(text, method, ended)],
    ["llhttp", readResponseByLlhttp(text, method, ended)],
  ] as const) {
    const found = reading.is === "message" ? gist(reading.message) : JSON.stringify(reading);
    require(found === gist(message), () => `${reader} reads ${found}, where it should be ${gist(message)}`);
  }
}

function gist({ status, minor, fields, body }: ResponseMessage): string {
  return JSON.stringify([status, minor, fields, body]);
}

function passedOn({ fields }: ResponseMessage, sent: ResponseMessage, minor: number): Field[] {
  const named = new Set(membersOf(sent.fields, "connection"));
  // Trailers go with the chunks that a client of HTTP/1.0 does not know, and so does what announces them.
  if (minor === 0 && valuesOf(sent.fields, "transfer-encoding").length > 0) named.add("trailer");
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !APART.has(lower) && !named.has(lower);
  });
}
