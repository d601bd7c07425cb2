import { describe, expect, test } from "vitest";
import { draw } from "../random.ts";
import { sentOn } from "./body.ts";
import { ChunkedBody } from "./chunked-body.ts";

const LIMITS = { chunkExtensionBytes: 64, trailerBytes: 64, fields: 8 };

interface Taken {
  readonly taken: number;
  readonly data: string;
  /** What is sent on, framing included. */
  readonly sent: string;
  /** A fault, "done", or "more". */
  readonly end: string;
}

/** Takes a body in pieces that end at the offsets in `cuts`. */
function take(
  text: string,
  cuts: readonly number[] = [],
  limits = LIMITS,
  most = Number.POSITIVE_INFINITY,
): Taken {
  const octets = Buffer.from(text, "latin1");
  let data = "";
  const body = new ChunkedBody(limits, (bytes, from, to) => {
    data += Buffer.from(bytes.subarray(from, to)).latin1Slice();
  });
  body.most = most;
  let taken = 0;
  let sent = "";
  let from = 0;
  for (const to of [...cuts, octets.length]) {
    const length = body.take(octets, from, to);
    sent += sentOn(body, octets, from, length).latin1Slice();
    taken += length;
    from = to;
  }
  return { taken, data, sent, end: body.fault ?? (body.done ? "done" : "more") };
}

/** Bodies, their data, and what is sent on where that is not all of them. */
const GOOD = (
  [
    ["0\r\n\r\n", ""],
    ["5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["1\r\na\r\n00b\r\nhello world\r\n000\r\n\r\n", "ahello world"],
    ["A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"],
    ["2\r\n\r\n\r\n0\r\n\r\n", "\r\n"],
    ["5;a\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"],
    ["5 ;a\r\nhello\r\n0\t;b\r\n\r\n", "hello", "5\r\nhello\r\n0\r\n\r\n"],
    ["5;a=b;c\r\nhello\r\n0;d\r\n\r\n", "hello", "5\r\nhello\r\n0\r\n\r\n"],
    ['5;a="b;\\"";c=d\r\nhello\r\n0\r\n\r\n', "hello", "5\r\nhello\r\n0\r\n\r\n"],
    ["0\r\nA: b\r\nC:\r\nD: \xff\t \r\n\r\n", ""],
    ["0\r\nSet-Cookie: a=b\r\n\r\n", "", "0\r\n\r\n"],
    [
      "2\r\nok\r\n0\r\nA: b\r\nx_real_ip: 1\r\nRange:\r\nC: d \r\n\r\n",
      "ok",
      "2\r\nok\r\n0\r\nA: b\r\nC: d \r\n\r\n",
    ],
    ["0;a\r\nDate: 1\r\nE:\r\nage: 2\r\n\r\n", "", "0\r\nE:\r\n\r\n"],
    ["00007\r\n1234567\r\n0000\r\n\r\n", "1234567"],
    ["000000000001\r\nx\r\n0\r\n\r\n", "x", "00001\r\nx\r\n0\r\n\r\n"],
    ["0000000000002\r\nok\r\n0000000000000000\r\n\r\n", "ok", "00002\r\nok\r\n0000\r\n\r\n"],
    [
      "000000010;a\r\n0123456789abcdef\r\n00000;b\r\n\r\n",
      "0123456789abcdef",
      "000010\r\n0123456789abcdef\r\n0000\r\n\r\n",
    ],
    [`${"0".repeat(31)}1\r\nx\r\n${"0".repeat(32)}\r\n\r\n`, "x", "00001\r\nx\r\n0000\r\n\r\n"],
  ] satisfies readonly (readonly [body: string, data: string, sent?: string])[]
).map(([body, data, sent = body]) => [body, data, sent] as const);

describe("ChunkedBody", () => {
  test.each(GOOD)("takes %j, and gives its data", (text, data, sent) => {
    expect(take(text)).toEqual({ taken: text.length, data, sent, end: "done" });
  });

  test.each(GOOD)("takes %j the same when it is cut anywhere", (text, data, sent) => {
    const whole = { taken: text.length, data, sent, end: "done" };
    for (let cut = 0; cut <= text.length; cut++) expect(take(text, [cut])).toEqual(whole);
    expect(
      take(
        text,
        [...text].map((_, i) => i),
      ),
    ).toEqual(whole);
  });

  test.each(GOOD)("asks for more at every beginning of %j", (text) => {
    for (let length = 0; length < text.length; length++) expect(take(text.slice(0, length)).end).toBe("more");
  });

  test.each(GOOD)("takes nothing of what follows %j", (text, data, sent) => {
    const next = "5\r\nworld\r\n0\r\n\r\n";
    expect(take(text + next)).toEqual({ taken: text.length, data, sent, end: "done" });
    for (let cut = 0; cut <= text.length; cut++) expect(take(text + next, [cut]).taken).toBe(text.length);
  });

  const BAD: readonly (readonly [fault: string, body: string])[] = [
    ["chunk", "\r\n"],
    ["chunk", "g\r\n"],
    ["chunk", "-1\r\n"],
    ["chunk", "+1\r\n"],
    ["chunk", "0x1\r\n"],
    ["chunk", " 1\r\n"],
    ["chunk", "1 \r\n"],
    ["chunk", "1\t\r\n"],
    ["chunk", "1_0\r\n"],
    ["chunk", "1,1\r\n"],
    ["chunk", "1\n"],
    ["chunk", "1\rx"],
    ["chunk", "1\0\r\n"],
    ["chunk", "\xb9\r\n"],
    ["chunk", ";a\r\n"],
    ["chunk", "5\r\nhello\n0"],
    ["chunk", "5\r\nhello0\r\n"],
    ["chunk", "5\r\nhello\r0"],
    ["chunk", "5\r\nhello\r\r\n"],
    ["chunk", "5\r\nhello\n\r\n"],
    ["chunk", "5\r\nhell\r\n0\r\n\r\n"],
    ["chunk", "5\r\nhello\r\n\r\n"],
    ["chunk", "0X1\r\n"],
    ["chunk", "1h\r\n"],
    ["chunk", "1;\r\n"],
    ["chunk", "1 ;\r\n"],
    ["chunk", "1; a=\r\n"],
    ["chunk", '1;a="b\r\n'],
    ["chunk", "1\r\r\n"],
    ["chunk", "1\x0b\r\n"],
    ["chunk", "00\n\r\n"],
    ["chunk", "0\r\n\r\r"],
    ["chunk", "1000000000000\r\n"],
    ["chunk", "00001000000000000\r\n"],
    ["chunk", `${"0".repeat(32)}1\r\n`],
    ["chunk", `${"0".repeat(33)}\r\n`],
    ["chunk", "ffffffffffffffff1\r\n"],
    ["chunk", "5;\r\n"],
    ["chunk", "5;a\nhello"],
    ["chunk", "1;a\r\nx\r\n1 =b\r\n"],
    ["chunk", "5;a\rhello"],
    ["chunk", "0\r\n\rx"],
    ["trailer", "0\r\n\n"],
    ["trailer", "0\r\nA\r\n"],
  ];

  test.each(BAD)("faults with %s: %j", (fault, text) => {
    expect(take(text).end).toBe(fault);
  });

  test.each(BAD)("faults with %s at the same octet when %j is cut anywhere", (fault, text) => {
    const { taken } = take(text);
    for (let cut = 0; cut <= text.length; cut++)
      expect(take(text, [cut])).toMatchObject({ taken, end: fault });
  });

  test("takes nothing more once it has faulted", () => {
    const body = new ChunkedBody(LIMITS);
    const octets = Buffer.from("x\r\n5\r\nhello\r\n");
    expect(body.take(octets, 0, octets.length)).toBe(1);
    expect(body.take(octets, 3, octets.length)).toBe(0);
  });

  test("counts a chunk of 2^48 octets less one, with zeros before it", () => {
    const body = new ChunkedBody(LIMITS);
    const size = Buffer.from("0ffffffffffff\r\n");
    body.take(size, 0, size.length);
    for (let i = 1; i < 2 ** 18; i++) body.take(size, 0, 2 ** 30);
    expect(body.take(size, 0, 2 ** 30 - 1)).toBe(2 ** 30 - 1);
    const end = Buffer.from("\r\n0\r\n\r\n");
    expect(body.take(end, 0, end.length)).toBe(end.length);
    expect([body.fault, body.done]).toEqual([undefined, true]);
  });

  test("passes what it was given on to its sink, and copies nothing", () => {
    const pieces: [number, number][] = [];
    const octets = Buffer.from("5\r\nhello\r\n0\r\n\r\n");
    const body = new ChunkedBody(LIMITS, (bytes, from, to) => {
      expect(bytes).toBe(octets);
      pieces.push([from, to]);
    });
    body.take(octets, 0, 6);
    body.take(octets, 6, octets.length);
    expect(pieces).toEqual([
      [3, 6],
      [6, 8],
    ]);
  });

  test("sends no octet of a trailer line before all of it has come, and then all of it", () => {
    const body = new ChunkedBody(LIMITS);
    const sent = ["0\r\nA: b", "c", "\r", "\nD", "ate: 1", "\r\nE", ":\r\n\r", "\n"].map((piece) => {
      const octets = Buffer.from(piece);
      return sentOn(body, octets, 0, body.take(octets, 0, octets.length)).latin1Slice();
    });
    expect(sent).toEqual(["0\r\n", "", "", "A: bc\r\n", "", "", "E:\r\n", "\r\n"]);
    expect(body.done).toBe(true);
  });

  test("keeps what it holds of a trailer line when its octets are overwritten", () => {
    const body = new ChunkedBody(LIMITS);
    const first = Buffer.from("0\r\nA: b");
    body.take(first, 0, first.length);
    first.fill("!");
    const rest = Buffer.from("c\r\n\r\n");
    expect(sentOn(body, rest, 0, body.take(rest, 0, rest.length)).latin1Slice()).toBe("A: bc\r\n\r\n");
  });

  test("leaves out the trailers of an answer that it is told", () => {
    const octets = Buffer.from("0\r\nX-Hop: 1\r\nX-Sum: 2\r\n\r\n");
    const answer = ChunkedBody.ofAnswer(LIMITS, undefined, new Set(["x-hop"]));
    const taken = answer.take(octets, 0, octets.length);
    expect(sentOn(answer, octets, 0, taken).latin1Slice()).toBe("0\r\nX-Sum: 2\r\n\r\n");
  });

  test("bounds the extensions of all chunks together", () => {
    const limits = { chunkExtensionBytes: 6, trailerBytes: 0, fields: 0 };
    expect(take("1;ab\r\nx\r\n0;ab\r\n\r\n", [], limits).end).toBe("done");
    expect(take("1;ab\r\nx\r\n0;abc\r\n\r\n", [], limits).end).toBe("chunk-extension-bytes");
    expect(take("1\r\nx\r\n0\r\n\r\n", [], { chunkExtensionBytes: 0, trailerBytes: 0, fields: 0 }).end).toBe(
      "done",
    );
  });

  test("of an answer bounds the extensions of each chunk", () => {
    const limits = { chunkExtensionBytes: 3, trailerBytes: 0, fields: 0 };
    const chunks = Buffer.from("1;ab\r\nx\r\n".repeat(100));
    const answer = ChunkedBody.ofAnswer(limits);
    expect([answer.take(chunks, 0, chunks.length), answer.fault]).toEqual([chunks.length, undefined]);
    const tooMuch = Buffer.from("1;abc\r\n");
    expect([answer.take(tooMuch, 0, tooMuch.length), answer.fault]).toEqual([5, "chunk-extension-bytes"]);
  });

  const bounded = (text: string, most: number, cuts: readonly number[] = []): Taken =>
    take(text, cuts, LIMITS, most);

  test("bounds the data of all chunks together, and says so at the size of the chunk that is too much", () => {
    const text = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    expect(bounded(text, 11)).toMatchObject({ data: "hello world", end: "done" });
    const stopped = {
      sent: "5\r\nhello\r\n6",
      taken: "5\r\nhello\r\n6".length,
      data: "hello",
      end: "body-bytes",
    };
    for (let cut = 0; cut <= text.length; cut++) expect(bounded(text, 10, [cut])).toEqual(stopped);
    expect(bounded("0\r\nA: b\r\n\r\n", 0).end).toBe("done");
    expect(bounded("1", 0).end).toBe("body-bytes");
    expect(bounded("00001;a\r\n", 1).end).toBe("more");
  });

  test("gives back data of any chunks, cut anywhere", () => {
    for (let seed = 0; seed < 300; seed++) {
      const { text, data } = randomBody(seed);
      const cuts = Array.from({ length: draw(seed, 90) % 5 }, (_, i) => draw(seed, 91 + i) % text.length);
      expect(
        take(
          text,
          cuts.sort((a, b) => a - b),
        ),
      ).toEqual({ taken: text.length, data, sent: text, end: "done" });
    }
  });
});

/** Chunks of 1 to 40 octets of any kind, sizes in any case and with zeros before them. */
function randomBody(seed: number): { text: string; data: string } {
  let text = "";
  let data = "";
  const chunks = draw(seed, 0) % 6;
  for (let i = 0; i < chunks; i++) {
    const length = 1 + (draw(seed, i * 50 + 1) % 40);
    const octets = Array.from({ length }, (_, k) => draw(seed, i * 50 + 2 + k) & 0xff);
    const chunk = String.fromCharCode(...octets);
    const size = "0".repeat(draw(seed, i + 1_000) % 4) + length.toString(16);
    text += `${i % 2 === 0 ? size : size.toUpperCase()}\r\n${chunk}\r\n`;
    data += chunk;
  }
  return { text: `${text}0\r\n\r\n`, data };
}
