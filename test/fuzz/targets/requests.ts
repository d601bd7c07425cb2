import { cuts, Dice, piecesOf, seedOf } from "../engine/dice.ts";
import { require, shown, type Target } from "../engine/target.ts";
import { checkForwarded } from "../oracle/forwarded.ts";
import { membersOf, type RequestMessage, type ResponseMessage, valuesOf } from "../oracle/message.ts";
import { hasHead, readSent, type Sent } from "../oracle/sent-requests.ts";
import { readResponse } from "../oracle/strict-reader.ts";
import { GoodServer, type Seen } from "../yard/good-server.ts";
import { RecordingEnd } from "../yard/recording-end.ts";
import type { Yard } from "../yard/yard.ts";
import { REQUEST_SEEDS, REQUEST_WORDS } from "./request-words.ts";

/** Octets are also sent one by one when there are at most so many. */
const SHORT = 300;
/** Rules by which Shunt refuses what the RFC lets pass: bounds, what it does not do, and what it does not pass on. */
const STRICTER = new Set([
  "method",
  "connect",
  "expect",
  "target",
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
]);

const LENGTH_WITH_TAB = /^content-length:.*\t/im;

/** What came of all that one client sent. */
interface Outcome {
  readonly seen: readonly Seen[];
  readonly answers: readonly ResponseMessage[];
  readonly ending: "fin" | "reset" | undefined;
}

/** A whole acceptor between a client that sends anything and servers that read strictly. */
export class RequestsTarget implements Target {
  readonly name = "requests";
  readonly claim =
    "what servers get is what a strict reader finds in the client's octets, for Node and llhttp too, at any split";
  readonly seeds = REQUEST_SEEDS;
  readonly dictionary = REQUEST_WORDS;
  readonly maxBytes = 4_096;
  readonly #yard: Yard;

  constructor(yard: Yard) {
    this.#yard = yard;
  }

  run(octets: Buffer): string {
    const sent = readSent(octets.toString("latin1"));
    const whole = this.#converse([octets], sent);
    const somehow = cuts(new Dice(seedOf(octets)), octets.length);
    this.#checkSplit(octets, somehow, whole, sent);
    const everywhere = Array.from(octets, (_, at) => at);
    if (octets.length <= SHORT) this.#checkSplit(octets, everywhere, whole, sent);
    return signature(whole, sent);
  }

  /** Sends the pieces, a turn for each, and says goodbye. */
  #converse(pieces: readonly Buffer[], sent: Sent): Outcome {
    const seen: Seen[] = [];
    const servers: GoodServer[] = [];
    this.#yard.served((socket) => {
      const server = new GoodServer(socket, seen);
      servers.push(server);
      return server;
    });
    try {
      const client = this.#send(pieces);
      const answers = readAnswers(client, sent);
      checkOutcome(sent, inOrder(seen), answers);
      for (const server of servers) server.close();
      this.#yard.settle();
      this.#yard.checkEmpty();
      return { seen: inOrder(seen), answers, ending: client.ending };
    } finally {
      this.#yard.clear();
    }
  }

  #send(pieces: readonly Buffer[]): RecordingEnd {
    const client = new RecordingEnd();
    const socket = this.#yard.connect(client);
    for (const piece of pieces) socket.arrive(Buffer.from(piece));
    this.#yard.settle();
    socket.arriveFin();
    this.#yard.settle();
    socket.break();
    this.#yard.settle();
    return client;
  }

  #checkSplit(octets: Buffer, at: readonly number[], whole: Outcome, sent: Sent): void {
    const split = this.#converse(piecesOf(octets, at), sent);
    const [a, b] = [essence(whole, sent), essence(split, sent)];
    require(a === b, () => `in one piece: ${a}, cut at ${at}: ${b}`);
  }
}

/** Shunt numbers requests as it reads them. */
function inOrder(seen: readonly Seen[]): Seen[] {
  const number = ({ id }: Seen): number => Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 36);
  return [...seen].sort((a, b) => number(a) - number(b));
}

function readAnswers({ text, ending }: RecordingEnd, sent: Sent): ResponseMessage[] {
  const answers: ResponseMessage[] = [];
  for (let at = 0; at < text.length; ) {
    const number = answers.filter(({ status }) => status >= 200).length;
    const readings = methodsOf(sent, number).map((method) =>
      readResponse(text, method, ending === "fin", at),
    );
    const reading = readings.find(({ is }) => is === "message");
    require(reading?.is === "message", () => `the client got what is no response: ${shown(text.slice(at))}`);
    answers.push(reading.message);
    at = reading.end;
  }
  return answers;
}

/** The method of a request by its number. Of what is malformed one may understand that it was to be a HEAD, or not. */
function methodsOf({ requests, restText }: Sent, number: number): string[] {
  const method = requests[number]?.method;
  if (method !== undefined) return [method];
  return restText.startsWith("HEAD ") ? ["GET", "HEAD"] : ["GET"];
}

function checkOutcome(sent: Sent, seen: readonly Seen[], answers: readonly ResponseMessage[]): void {
  const { requests, rest, why } = sent;
  const final = answers.filter(({ status }) => status >= 200);
  const rules = final.map(ruleOf);
  const refused = rules.findIndex((rule) => rule !== undefined);
  require(refused < 0 || refused === final.length - 1, () => `answers behind a refusal: ${rules}`);
  const going = requests.filter((_, i) => !isOwn(final[i]));
  require(seen.length <= going.length, () =>
    `servers saw ${seen.length} requests, there were ${going.length}`);
  for (const [i, { message, text }] of seen.entries())
    checkForwarded(going[i] as RequestMessage, message, text);
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
  // llhttp knows no tab around a length.
  require(rule === "content-length" && LENGTH_WITH_TAB.test(text), () =>
    `refused by rule ${rule}, and not malformed`);
}

/** To an HTTP/1.0 client a body without a length ends with the connection; what lies behind is not read. */
function closesForHttp10(requests: readonly RequestMessage[], final: readonly ResponseMessage[]): boolean {
  const last = final.at(-1);
  if (last === undefined || requests[final.length - 1]?.minor !== 0) return false;
  return membersOf(last.fields, "connection").includes("close");
}

/** The rule by which Shunt refused; undefined for any other answer. */
function ruleOf({ fields }: ResponseMessage): string | undefined {
  const [status = ""] = valuesOf(fields, "proxy-status");
  return /details="([^"]*)"/.exec(status)?.[1];
}

/** An answer that no server gave, and that is no refusal: to a request that was to go no further (Max-Forwards). */
function isOwn(answer: ResponseMessage | undefined): boolean {
  return answer?.status === 200 && valuesOf(answer.fields, "x-asked").length === 0;
}

/**
 * What has to be the same however the octets were cut; ids are not. Nor is it said when a beginning of a head is refused:
 * that it will never be a whole one is seen earlier or later.
 */
function essence({ seen, answers, ending }: Outcome, sent: Sent): string {
  const requests = seen.map(({ message: { method, target, fields, content } }) => [
    method,
    target,
    fields.filter(([name]) => name !== "X-Request-Id"),
    content,
  ]);
  const final = answers.filter(({ status }) => status >= 200);
  const whole = hasHead(sent) ? final : final.slice(0, sent.requests.length);
  return JSON.stringify([requests, whole.map((answer) => ruleOf(answer) ?? ""), ending]);
}

function signature({ seen, answers, ending }: Outcome, { rest, why }: Sent): string {
  const rules = answers.map((answer) => ruleOf(answer) ?? "");
  const kinds = seen.map(({ message: { fields } }) =>
    valuesOf(fields, "transfer-encoding").length > 0 ? "c" : "l",
  );
  return [kinds.slice(0, 3).join(""), rules.join(""), ending, rest, why].join(" ");
}
