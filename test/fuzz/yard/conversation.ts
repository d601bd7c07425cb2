import { require, shown } from "../engine/target.ts";
import { type ResponseMessage, valuesOf } from "../oracle/message.ts";
import type { Sent } from "../oracle/sent-requests.ts";
import { readResponse } from "../oracle/strict-reader.ts";
import { GoodServer, type Seen } from "./good-server.ts";
import { RecordingEnd } from "./recording-end.ts";
import type { Yard } from "./yard.ts";

/** What came of all that one client sent. */
export interface Conversation {
  /** Requests as servers got them, in the order in which Shunt read them. */
  readonly seen: readonly Seen[];
  /** Responses as the client got them, interim ones too. */
  readonly answers: readonly ResponseMessage[];
  /** How Shunt ended the client's connection. */
  readonly ending: "fin" | "reset" | undefined;
}

/** A client sends the pieces, one a turn, and says goodbye; good servers answer. Then nothing may be left of them. */
export function converse(yard: Yard, pieces: readonly Buffer[], sent: Sent): Conversation {
  const seen: Seen[] = [];
  const servers: GoodServer[] = [];
  yard.served((socket, port) => {
    const server = new GoodServer(socket, port, (request) => seen.push(request));
    servers.push(server);
    return server;
  });
  try {
    const client = send(yard, pieces);
    const answers = readAnswers(client, sent);
    for (const server of servers) server.close();
    yard.settle();
    yard.checkEmpty();
    return { seen: inOrder(seen), answers, ending: client.ending };
  } finally {
    yard.clear();
  }
}

/** A client sends octets, and then nothing for longer than any time limit. */
export function stay(yard: Yard, octets: Buffer): RecordingEnd {
  yard.served((socket, port) => new GoodServer(socket, port, () => {}));
  const client = new RecordingEnd();
  try {
    yard.connect(client).arrive(Buffer.from(octets));
    yard.settle();
    yard.wait();
    return client;
  } finally {
    yard.clear();
  }
}

/** Who sends all in one piece waits before the goodbye; who sends pieces says it with the last one. */
function send(yard: Yard, pieces: readonly Buffer[]): RecordingEnd {
  const client = new RecordingEnd();
  const socket = yard.connect(client);
  for (const piece of pieces) socket.arrive(Buffer.from(piece));
  if (pieces.length < 2) yard.settle();
  socket.arriveFin();
  yard.settle();
  socket.break();
  yard.settle();
  return client;
}

/** Shunt numbers requests as it reads them. */
export function inOrder(seen: readonly Seen[]): Seen[] {
  const number = ({ id }: Seen): number => Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 36);
  return [...seen].sort((a, b) => number(a) - number(b));
}

export function readAnswers(
  { text, ending }: Pick<RecordingEnd, "text" | "ending">,
  sent: Sent,
): ResponseMessage[] {
  const answers: ResponseMessage[] = [];
  for (let at = 0; at < text.length; ) {
    const number = finalOf(answers).length;
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

/** Final answers. */
export function finalOf(answers: readonly ResponseMessage[]): ResponseMessage[] {
  return answers.filter(({ status }) => status >= 200);
}

/** The rule by which Shunt refused; undefined for any other answer. */
export function ruleOf({ fields }: ResponseMessage): string | undefined {
  const [status = ""] = valuesOf(fields, "proxy-status");
  return /details="([^"]*)"/.exec(status)?.[1];
}

/** An answer that no server gave, and that is no refusal: to a request that was to go no further (Max-Forwards). */
export function isOwn(answer: ResponseMessage | undefined): boolean {
  return answer?.status === 200 && valuesOf(answer.fields, "x-asked").length === 0;
}
