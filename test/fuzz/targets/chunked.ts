import { type BodyFraming, sentOn } from "../../../packages/core/src/http/body.ts";
import { ChunkedBody } from "../../../packages/core/src/http/chunked-body.ts";
import { cuts, Dice, piecesOf, seedOf } from "../engine/dice.ts";
import { require, type Target } from "../engine/target.ts";
import { lateFields } from "../oracle/late-fields.ts";
import { readRequestByLlhttp } from "../oracle/llhttp-reader.ts";
import type { Reading, RequestMessage } from "../oracle/message.ts";
import { readRequestByNode } from "../oracle/node-reader.ts";
import { readChunked } from "../oracle/strict-reader.ts";
import { REQUEST_WORDS } from "./request-words.ts";

const LIMITS = Object.freeze({ chunkExtensionBytes: 256, trailerBytes: 512, trailerFields: 16, fields: 16 });
const HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

interface Taken {
  readonly content: string;
  readonly end: number;
  /** What is sent on. */
  readonly sent: string;
  readonly is: "done" | "more" | "fault";
  readonly fault: string | undefined;
}

/** The end of a chunked body, by four readers. */
export class ChunkedTarget implements Target {
  readonly name = "chunked";
  readonly claim =
    "a chunked body that is accepted ends, and says, what it does to a strict reader, to Node and to llhttp";
  readonly seeds = [
    "5\r\nhello\r\n0\r\n\r\n",
    '5;a=b\r\nhello\r\nA;c="d"\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
    "1\r\na\r\n0\r\nX: y\r\nSet-Cookie: a=b\r\nX_Forwarded_For: c\r\nZ: \r\n\r\n",
    "1\r\na\r\n1\r\nb\r\n000\r\n\r\nGET / HTTP/1.1\r\n",
  ];
  readonly dictionary = REQUEST_WORDS;
  readonly maxBytes = 1_024;
  readonly weight = 1;

  run(octets: Buffer): string {
    const whole = take([octets]);
    const somehow = cuts(new Dice(seedOf(octets)), octets.length);
    for (const at of [somehow, Array.from(octets, (_, i) => i)]) {
      const [a, b] = [JSON.stringify(whole), JSON.stringify(take(piecesOf(octets, at)))];
      require(a === b, () => `in one piece: ${a}, cut at ${at}: ${b}`);
    }
    checkTaken(octets.toString("latin1"), whole);
    return `${whole.is} ${whole.fault}`;
  }
}

function take(pieces: readonly Buffer[]): Taken {
  let content = "";
  const body: BodyFraming = new ChunkedBody(LIMITS, (bytes, from, to) => {
    content += Buffer.from(bytes.subarray(from, to)).toString("latin1");
  });
  let sent = "";
  let end = 0;
  for (const piece of pieces) {
    if (body.done || body.fault !== undefined) break;
    const taken = body.take(piece, 0, piece.length);
    sent += sentOn(body, piece, 0, taken).toString("latin1");
    end += taken;
  }
  const is = body.fault !== undefined ? "fault" : body.done ? "done" : "more";
  // Where a fault lies is for the log, and what stood before it may have been handed on.
  if (is === "fault") return { content: "", sent: "", end: 0, is, fault: body.fault };
  return { content, sent, end, is, fault: body.fault };
}

function checkTaken(text: string, { is, content, end, sent, fault }: Taken): void {
  const strict = readChunked(text);
  if (is === "done") {
    require(!("is" in strict), () => `accepted, and a strict reader says ${JSON.stringify(strict)}`);
    require(strict.content === content && strict.end === end, () =>
      `ends at ${end}, strictly at ${strict.end}`);
    const trailers = lateFields({ fields: [], trailers: strict.trailers });
    const goesOn = readChunked(sent);
    require(!("is" in goesOn) && same(goesOn.trailers, trailers), () =>
      `sent on is ${JSON.stringify(goesOn)}, and the trailers should be ${JSON.stringify(trailers)}`);
    const message = HEAD + sent;
    agrees("Node's parser", readRequestByNode(message), content);
    agrees("llhttp", readRequestByLlhttp(message), content);
  } else if (is === "more") {
    const says = "is" in strict ? strict.is : "message";
    require(says !== "message", () => "not at its end, which a strict reader has found");
  } else if (!("is" in strict)) {
    const stricter = ["trailer", "trailer-bytes", "trailer-fields", "chunk-extension-bytes", "chunk"];
    require(stricter.includes(fault ?? ""), () => `${fault}, and a strict reader accepts it`);
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function agrees(reader: string, reading: Reading<RequestMessage>, content: string): void {
  const found = reading.is === "message" ? reading.message.content : JSON.stringify(reading);
  require(found === content, () =>
    `${reader} reads ${JSON.stringify(found)}, where it should be ${JSON.stringify(content)}`);
}
