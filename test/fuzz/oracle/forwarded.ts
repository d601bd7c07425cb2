import { METHODS } from "node:http";
import { require, shown } from "../engine/target.ts";
import { lateFields } from "./late-fields.ts";
import { readRequestByLlhttp } from "./llhttp-reader.ts";
import { type Field, gist, membersOf, type RequestMessage, valuesOf } from "./message.ts";
import { readRequestByNode } from "./node-reader.ts";
import { asksForUpgrade } from "./sent-requests.ts";

/** What a request has to look like behind Shunt, for a client that nobody trusts (RFC 9110 section 7.6). */

/** Fields that concern the client's connection alone. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "http2-settings"]);
/** Fields by which a trusted peer speaks for others; also as a CGI-like server would read them. */
const BELIEVED = /^(?:x[-_]forwarded[-_](?:for|proto|host)|forwarded|x[-_]request[-_]id|x[-_]real[-_]ip)$/;
/** They frame the message, so that whoever reads the same content has read them; one may be written anew. */
const FRAMING = new Set(["content-length", "transfer-encoding"]);
/** Further fields of trust, and whatever a CGI-like server may read as another one. */
const MAY_GO = /^(?:x-forwarded-.*|x-real-ip|.*_.*)$/;
/** Judged by itself. */
const APART = new Set(["upgrade", "via", "max-forwards", "expect"]);
const OURS = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-request-id"];

/**
 * Throws unless `seen` is what is left of `sent` on its way through Shunt. `text`: the octets of `seen`; `client`: the
 * address of who sent it.
 */
export function checkForwarded(
  sent: RequestMessage,
  seen: RequestMessage,
  text: string,
  client: string,
): void {
  const same = (what: string, ours: unknown, theirs: unknown): void =>
    require(JSON.stringify(ours) === JSON.stringify(theirs), () =>
      `${what}: the server should get ${JSON.stringify(theirs)}, and got ${JSON.stringify(ours)}: ${shown(text)}`);
  same("version", seen.minor, 1);
  same("method", seen.method, sent.method);
  same("target", seen.target, targetInOriginForm(sent));
  same("content", seen.content, sent.content);
  same("trailers", seen.trailers, lateFields(sent));
  same("fields", passedOn(seen.fields, sent), passedOn(sent.fields, sent));
  for (const name of FRAMING) same(name, framing(seen, name), framing(sent, name));
  same("Host", valuesOf(seen.fields, "host").length, 1);
  same("Via", valuesOf(seen.fields, "via"), [...valuesOf(sent.fields, "via"), `1.${sent.minor} shunt`]);
  for (const name of OURS) same(`fields ${name}`, valuesOf(seen.fields, name).length, 1);
  same("X-Forwarded-For", valuesOf(seen.fields, "x-forwarded-for"), [client]);
  checkUpgrade(sent, seen);
  checkExpectation(sent, seen);
  checkReaders(seen, text);
}

/** All who read it read the same. */
export function checkReaders(message: RequestMessage, text: string): void {
  const { text: known, message: expected } = withKnownMethod(message, text);
  for (const [reader, reading] of [
    ["Node's parser", readRequestByNode(known)],
    ["llhttp", readRequestByLlhttp(known)],
  ] as const) {
    const found = reading.is === "message" ? gist(reading.message) : JSON.stringify(reading);
    require(found === gist(expected), () => `${reader} reads ${found}, where it should be ${gist(expected)}`);
  }
}

/** Parsers refuse methods that they do not know: they are asked about the rest of such a message. */
function withKnownMethod(message: RequestMessage, text: string): { text: string; message: RequestMessage } {
  if (METHODS.includes(message.method)) return { text, message };
  return { text: `POST${text.slice(message.method.length)}`, message: { ...message, method: "POST" } };
}

function targetInOriginForm({ method, target }: RequestMessage): string {
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return target;
  if (rest === "" && method === "OPTIONS") return "*";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Values that frame, as all readers should read them: codings without case, numbers without zeros before them. */
function framing({ fields }: RequestMessage, name: string): string[] {
  return valuesOf(fields, name).map((value) => value.toLowerCase().replace(/^0+(?=\d)/, ""));
}

/** The fields of `sent` that Shunt has nothing to do with, in their order, or what became of them. */
function passedOn(fields: readonly Field[], sent: RequestMessage): Field[] {
  const named = new Set(membersOf(sent.fields, "connection"));
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === "host" || FRAMING.has(lower)) return false;
    if (HOP_BY_HOP.has(lower) || BELIEVED.test(lower) || MAY_GO.test(lower) || APART.has(lower)) return false;
    return !named.has(lower);
  });
}

/** Whoever expects something of HTTP/1.0 does not know it; and what nobody expects is not expected further on. */
function checkExpectation(sent: RequestMessage, seen: RequestMessage): void {
  const asked = sent.minor === 1 && membersOf(sent.fields, "expect").includes("100-continue");
  const expected = new Set(membersOf(seen.fields, "expect"));
  if (asked) expected.delete("100-continue");
  require(expected.size === 0, () =>
    `Expect: ${[...expected]}, where it was ${asked ? "100-continue" : "not"}`);
}

/** Upgrade goes on where it was asked for on this connection, and nowhere else. */
function checkUpgrade(sent: RequestMessage, seen: RequestMessage): void {
  const options = membersOf(seen.fields, "connection");
  const upgrades = valuesOf(seen.fields, "upgrade").length;
  require(options.includes("upgrade") === upgrades > 0, () =>
    `Connection: ${options}, and ${upgrades} Upgrade`);
  require(upgrades === 0 || (upgrades === 1 && asksForUpgrade(sent)), () => "Upgrade that nobody asked for");
  const others = options.filter((option) => option !== "upgrade" && option !== "te");
  require(others.length === 0, () => `Connection: ${options}`);
}
