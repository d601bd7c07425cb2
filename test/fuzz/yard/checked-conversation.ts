import { FIXED } from "../../../packages/core/src/config/defaults.ts";
import { require } from "../engine/target.ts";
import { checkForwarded } from "../oracle/forwarded.ts";
import { membersOf, type RequestMessage, type ResponseMessage, valuesOf } from "../oracle/message.ts";
import { hasHead, type Sent } from "../oracle/sent-requests.ts";
import { type Conversation, finalOf, isOwn, ruleOf } from "./conversation.ts";

/** Rules by which Shunt refuses what the RFC lets pass: bounds, what it does not do, and what it does not pass on. */
const STRICTER = new Set([
  "method",
  "connect",
  "expect",
  "target",
  "target-ambiguous",
  "target-bytes",
  "head-bytes",
  "fields",
  "host-value",
  "host-differs",
  "transfer-coding",
  "connection-option",
  "max-forwards",
  "chunk",
  "chunk-extension-bytes",
  "trailer",
  "trailer-bytes",
  "trailer-fields",
]);

/** llhttp knows no tab around a length; and the grammar has no bound for zeros before it, where Shunt has one. */
const REFUSED_LENGTHS = [
  /^content-length:.*\t/im,
  new RegExp(`^content-length:(?:[^\n]*[ ,])?0\\d{${FIXED.lengthDigits}}`, "im"),
];

/** The address that the yard's sockets say they come from. */
const YARD_CLIENT = "192.0.2.7";

/**
 * Throws unless servers got what was sent by the client of an address, and it its answers in order, or a refusal of what is
 * malformed.
 */
export function checkConversation(sent: Sent, { seen, answers }: Conversation, client = YARD_CLIENT): void {
  const { requests, rest, why } = sent;
  const final = finalOf(answers);
  const rules = final.map(ruleOf);
  const refused = rules.findIndex((rule) => rule !== undefined);
  require(refused < 0 || refused === final.length - 1, () => `answers behind a refusal: ${rules}`);
  const going = requests.filter((_, i) => !isOwn(final[i]));
  require(seen.length <= going.length, () =>
    `servers saw ${seen.length} requests, there were ${going.length}`);
  for (const [i, { message, text }] of seen.entries())
    checkForwarded(going[i] as RequestMessage, message, text, client);
  const asked = final.flatMap((answer) => valuesOf(answer.fields, "x-asked"));
  const ids = seen.map(({ id }) => id);
  require(asked.join() === ids.join(), () => `answers to ${asked}, for requests ${ids}`);
  if (refused >= 0) checkRefusal(rules[refused] as string, requests[refused], sent);
  else if (!closesForHttp10(requests, final)) {
    require(seen.length === going.length, () => `${going.length} requests, servers saw ${seen.length}`);
    require(rest !== "malformed" || !hasHead(sent), () => `malformed (${why}), and not refused`);
  }
}

/** What the strict reader reads is refused only by rules that are stricter than the RFC's grammar. */
function checkRefusal(rule: string, request: RequestMessage | undefined, { text }: Sent): void {
  if (request === undefined || STRICTER.has(rule)) return;
  const isKnown = rule === "content-length" && REFUSED_LENGTHS.some((pattern) => pattern.test(text));
  require(isKnown, () => `refused by rule ${rule}, and not malformed`);
}

/** To an HTTP/1.0 client a body without a length ends with the connection; what lies behind is not read. */
function closesForHttp10(requests: readonly RequestMessage[], final: readonly ResponseMessage[]): boolean {
  const last = final.at(-1);
  if (last === undefined || requests[final.length - 1]?.minor !== 0) return false;
  return membersOf(last.fields, "connection").includes("close");
}

/**
 * What has to be the same however the octets were cut; ids are not. Nor is it said when a beginning of a head is refused:
 * that it will never be a whole one is seen earlier or later.
 */
export function essence({ seen, answers, ending }: Conversation, sent: Sent): string {
  const requests = seen.map(({ port, message: { method, target, fields, content } }) => [
    port,
    method,
    target,
    fields.filter(([name]) => name !== "X-Request-Id"),
    content,
  ]);
  const final = finalOf(answers);
  const whole = hasHead(sent) ? final : final.slice(0, sent.requests.length);
  return JSON.stringify([requests, whole.map((answer) => ruleOf(answer) ?? ""), ending]);
}
