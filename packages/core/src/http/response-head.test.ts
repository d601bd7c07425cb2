import { describe, expect, test } from "vitest";
import { FIELD, FieldNames } from "./field-names.ts";
import { HEAD } from "./head-flags.ts";
import { LOAD_FIELD, RESPONSE_BODY, ResponseHead } from "./response-head.ts";
import { lines } from "./test-heads.ts";

const LIMITS = { headBytes: 1_024, fields: 16 };
const shared = new ResponseHead(new FieldNames(), LIMITS);

interface JudgedResponse {
  readonly outcome: "incomplete" | "complete" | "refused";
  readonly body: string;
  /** What is forwarded of it, before the status line and fields of ours. */
  readonly sent: string;
  readonly wrong: string;
  readonly head: ResponseHead;
}

function judge(text: string, toHead = false, head = shared): JudgedResponse {
  const octets = Buffer.from(`before${text}`, "latin1");
  const outcome = head.judge(octets, 6, octets.length, toHead);
  return {
    outcome: outcome === HEAD.COMPLETE ? "complete" : outcome === HEAD.REFUSED ? "refused" : "incomplete",
    body: Object.entries(RESPONSE_BODY).find(([, value]) => value === head.body)?.[0] ?? "?",
    sent: outcome === HEAD.COMPLETE ? withoutDrops(text.slice(0, head.end), head) : "",
    wrong: head.wrong,
    head,
  };
}

function withoutDrops(text: string, { lines }: ResponseHead): string {
  let kept = "";
  let at = 0;
  for (let i = 0; i < lines.dropCount; i++) {
    kept += text.slice(at, lines.drops[i * 2]);
    at = (lines.drops[i * 2] as number) + (lines.drops[i * 2 + 1] as number);
  }
  return kept + text.slice(at);
}

const ok = (...fields: string[]): string => lines("HTTP/1.1 200 OK", ...fields);
const status = (code: number, ...fields: string[]): string => lines(`HTTP/1.1 ${code} Fine`, ...fields);

describe("ResponseHead.announcedLoad", () => {
  const announcing = new ResponseHead(new FieldNames([LOAD_FIELD]), LIMITS);

  test("is what a server says of its load, and no client gets it", () => {
    const { sent, head } = judge(ok("Content-Length: 0", "shunt-LOAD:  0.73 ", "A: b"), false, announcing);
    expect([head.announcedLoad, sent]).toEqual(["0.73", lines(" OK", "Content-Length: 0", "A: b")]);
    expect(judge(ok("Content-Length: 0"), false, announcing).head.announcedLoad).toBeUndefined();
  });

  test("is no load when the field is there twice", () => {
    const { head } = judge(ok("Content-Length: 0", "Shunt-Load: 0.1", "Shunt-Load: 0.2"), false, announcing);
    expect(head.announcedLoad).toBe("0.1, 0.2");
  });

  test("keeps the field out of trailers, too", () => {
    const { optionNames } = judge(ok("Transfer-Encoding: chunked", "Connection: a"), false, announcing).head;
    expect(["shunt-load", "a", "b"].map((name) => optionNames.has(name))).toEqual([true, true, false]);
  });

  test("is not looked for where nobody listens: the field is one like any other", () => {
    const { head, sent } = judge(ok("Content-Length: 0", "Shunt-Load: 0.73"));
    expect([head.announcedLoad, sent]).toEqual([
      undefined,
      lines(" OK", "Content-Length: 0", "Shunt-Load: 0.73"),
    ]);
  });
});

describe("ResponseHead.judge()", () => {
  test("tells what a head says, and sends what is meant for others than us", () => {
    const text = ok(
      "Content-Length: 5",
      "Connection: keep-alive, x-hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "Set-Cookie: a=b",
      "Trailer: X-Sum",
      "Proxy-Connection: close",
      "TE: trailers",
      "Proxy-Authenticate: Basic",
      "Proxy-Authentication-Info: a=b",
      "Via: 1.1 other",
    );
    const { outcome, body, sent, head } = judge(`${text}hello`);
    expect([outcome, body, head.status, head.http10]).toEqual(["complete", "LENGTH", 200, false]);
    expect([head.end, head.contentLength, head.persistent]).toEqual([text.length, 5, true]);
    expect(sent).toBe(
      lines(" OK", "Content-Length: 5", "Set-Cookie: a=b", "Trailer: X-Sum", "Via: 1.1 other"),
    );
  });

  test("reads a later minor version as 1.1: it persists, has chunks, and a tab behind its length", () => {
    const later = (text: string) => judge(text.replace("HTTP/1.1", "HTTP/1.7"));
    expect(later(ok("Transfer-Encoding: chunked"))).toMatchObject({ outcome: "complete", body: "CHUNKED" });
    const { outcome, head, body } = later(ok("Content-Length: 5\t"));
    expect([outcome, body, head.persistent, head.contentLength]).toEqual(["complete", "LENGTH", true, 5]);
    const text = ok("Content-Length: 5\t").replace("HTTP/1.1", "HTTP/1.2");
    for (let length = 0; length < text.length; length++)
      expect([length, judge(text.slice(0, length)).outcome]).toEqual([length, "incomplete"]);
  });

  test("tells the fields that Connection names, and none where it speaks of the connection alone", () => {
    const { optionNames } = judge(ok("Connection: close, X_Hop", "Connection:, \tX-More")).head;
    expect(["x-hop", "x-more", "x_hop", "", "x-other"].map((name) => optionNames.has(name))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    const plain = judge(ok("Connection: keep-alive, close")).head.optionNames;
    expect(["close", "keep-alive"].map((name) => plain.has(name))).toEqual([false, false]);
  });

  test("says incomplete of every beginning of a head, and complete of the whole", () => {
    const text = ok("Content-Length: 5", "Connection: close", "A:", "B: \xff ");
    for (let length = 0; length < text.length; length++)
      expect([length, judge(text.slice(0, length)).outcome]).toEqual([length, "incomplete"]);
    expect(judge(text).outcome).toBe("complete");
  });

  test("forgets the head before, also when that one was refused or longer", () => {
    judge(ok("Content-Length: 5", "Connection: close", "Transfer-Encoding: chunked"));
    expect(judge(ok())).toMatchObject({ outcome: "complete", body: "UNTIL_CLOSE", wrong: "" });
    expect(shared).toMatchObject({ contentLength: 0, hasLength: false, hasCoding: false, persistent: true });
    expect(judge("HTTP/1.1 200 O").outcome).toBe("incomplete");
    expect(shared.status).toBe(0);
  });

  test.each([
    ["HTTP/1.1 200 OK", 200, false, " OK"],
    ["HTTP/1.1 200 ", 200, false, " "],
    ["HTTP/1.1 200", 200, false, ""],
    ["HTTP/1.0 404 Not Found", 404, true, " Not Found"],
    ["HTTP/1.1 599 \t\xe4\xff!", 599, false, " \t\xe4\xff!"],
    ["HTTP/1.1 100 x", 100, false, " x"],
    ["HTTP/1.2 200 OK", 200, false, " OK"],
    ["HTTP/1.9 204", 204, false, ""],
  ])("reads the status line %j", (line, code, http10, rest) => {
    const { outcome, head, sent } = judge(lines(line));
    expect([outcome, head.status, head.http10]).toEqual(["complete", code, http10]);
    expect(sent).toBe(lines(rest));
  });

  test.each([
    "HTTP/2.0 200 OK",
    "HTTP/0.9 200 OK",
    "HTTP/1.20 200 OK",
    "HTTP/1.2  200 OK",
    "HTTP/1.: 200 OK",
    "HTTP/1./ 200 OK",
    "HTTP/3.2 200 OK",
    "HTTP/11 200 OK",
    "http/1.1 200 OK",
    "ICY 200 OK",
    "RTSP/1.0 200 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 200\tOK",
    "HTTP/1.1 200OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 099 OK",
    "HTTP/1.1 600 OK",
    "HTTP/1.1 -20 OK",
    "HTTP/1.1 2x0 OK",
    "HTTP/1.1 200 a\0b",
    "HTTP/1.1 200 a\x7fb",
    "HTTP/1.1 200 a\x1bb",
    "HTTP/1.1 200 a\rb",
    " HTTP/1.1 200 OK",
    "\r\nHTTP/1.1 200 OK",
    "<html>",
    "\x15\x03\x01\x00\x02",
  ])("refuses the status line %j", (line) => {
    const { outcome, wrong } = judge(lines(line, "Content-Length: 0"));
    expect(outcome).toBe("refused");
    expect(wrong).toMatch(/^status-line: /);
  });

  test("refuses what is no status line before its end", () => {
    for (const text of ["garbage", "HTTP/1.1 x", "\x15\x03", "\r\n\r\n", "\r"])
      expect(judge(text).wrong).toMatch(/^status-line: /);
  });

  test.each([
    ["two lengths", ok("Content-Length: 5", "Content-Length: 5"), "content-length-repeated"],
    ["a list of lengths", ok("Content-Length: 5, 5"), "content-length"],
    ["a length that is none", ok("Content-Length: 5x"), "content-length"],
    ["an empty length", ok("Content-Length:"), "content-length"],
    ["a length and a coding", ok("Content-Length: 5", "Transfer-Encoding: chunked"), "two-lengths"],
    ["a coding and a length", ok("Transfer-Encoding: chunked", "Content-Length: 5"), "two-lengths"],
    ["a coding that we do not know", ok("Transfer-Encoding: gzip, chunked"), "transfer-coding"],
    ["a coding that frames nothing", ok("Transfer-Encoding: gzip"), "transfer-encoding"],
    ["two codings", ok("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "transfer-encoding"],
    ["a coding in HTTP/1.0", lines("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"), "transfer-encoding-1.0"],
    [
      "both lengths, and no body",
      status(204, "Content-Length: 5", "Transfer-Encoding: chunked"),
      "two-lengths",
    ],
    ["a folded line", ok("A: b", " c"), "field-line"],
    ["a space before the colon", ok("A : b"), "field-line"],
    [
      "two lengths of a 304",
      status(304, "Content-Length: 5", "Content-Length: 5"),
      "content-length-repeated",
    ],
    ["an empty member behind the coding", ok("Transfer-Encoding: chunked,"), "transfer-encoding"],
    ["an empty name", ok(": b"), "field-line"],
    ["NUL in a value", ok("A: \0"), "field-line"],
    ["DEL in a value", ok("A: \x7f"), "field-line"],
    ["CR in a value", ok("A: b\rc"), "line-end"],
    ["LF for CR LF", ok("A: b").replaceAll("\r\n", "\n"), "line-end"],
    ["LF behind a field", ok("A: b").replace("b\r\n", "b\n"), "line-end"],
    ["LF for the empty line", `${ok("A: b").slice(0, -2)}\n`, "line-end"],
    ["CR LF CR", `${ok("A: b").slice(0, -2)}\rX`, "line-end"],
  ])("refuses %s", (_, text, rule) => {
    const { outcome, wrong } = judge(text);
    expect(outcome).toBe("refused");
    expect(wrong).toMatch(new RegExp(`^${rule} at octet \\d+: expected `));
  });
});

describe("limits of ResponseHead", () => {
  const fill = (length: number): string => ok(`A: ${"x".repeat(length - ok("A: ").length)}`);

  test("refuse a head that is an octet too long, whether it has ended or not", () => {
    expect(judge(fill(1_024)).outcome).toBe("complete");
    expect(judge(fill(1_025)).wrong).toMatch(/^head-bytes /);
    expect(judge(fill(1_100).slice(0, 1_024)).outcome).toBe("incomplete");
    expect(judge(fill(1_100).slice(0, 1_025)).wrong).toMatch(/^head-bytes /);
  });

  test("do not count what follows the head", () => {
    expect(judge(ok("Content-Length: 9000") + "x".repeat(9_000)).outcome).toBe("complete");
  });

  test("refuse more fields than allowed", () => {
    const field = "A: b";
    expect(judge(ok(...Array<string>(16).fill(field))).outcome).toBe("complete");
    expect(judge(ok(...Array<string>(17).fill(field))).wrong).toMatch(/^fields /);
    expect(judge(ok(...Array<string>(17).fill(field)).slice(0, -2)).wrong).toMatch(/^fields /);
  });

  test("are told apart from other offences", () => {
    expect(
      [fill(1_025), ok(...Array<string>(17).fill("A: b"))].map((text) => judge(text).head.tooLarge),
    ).toEqual([true, true]);
    expect([fill(1_024), ok("A : b")].map((text) => judge(text).head.tooLarge)).toEqual([false, false]);
  });

  test("refuse more connection options than there may be fields", () => {
    expect(judge(ok(`Connection: ${"a,".repeat(17)}`)).wrong).toMatch(/^fields /);
  });

  test("take a head of the largest size that can be configured", () => {
    const large = new ResponseHead(new FieldNames(), { headBytes: 65_536, fields: 16 });
    const text = ok(`A: ${"x".repeat(65_537 - ok("A: ").length)}`);
    expect(judge(text.slice(0, -1), false, large).outcome).toBe("incomplete");
    expect(judge(text, false, large).wrong).toMatch(/^head-bytes /);
  });
});

describe("body of a response", () => {
  const LENGTH = "Content-Length: 5";
  const CODING = "Transfer-Encoding: chunked";

  test.each([
    [ok(), false, "UNTIL_CLOSE"],
    [ok(LENGTH), false, "LENGTH"],
    [ok("Content-Length: 0"), false, "NONE"],
    [ok(CODING), false, "CHUNKED"],
    [lines("HTTP/1.0 200 OK"), false, "UNTIL_CLOSE"],
    [ok(), true, "NONE"],
    [ok(LENGTH), true, "NONE"],
    [ok(CODING), true, "NONE"],
    [status(100), false, "NONE"],
    [status(103, LENGTH), false, "NONE"],
    [status(101, LENGTH), false, "NONE"],
    [status(204, LENGTH), false, "NONE"],
    [status(204, CODING), false, "NONE"],
    [status(304, LENGTH), false, "NONE"],
    [status(304, CODING), false, "NONE"],
    [status(205), false, "UNTIL_CLOSE"],
    [status(404, CODING), false, "CHUNKED"],
  ])("of %j (to HEAD: %s) is %s", (text, toHead, body) => {
    expect(judge(text, toHead)).toMatchObject({ outcome: "complete", body });
  });

  test("of a status that has none cannot claim a length, nor send one on", () => {
    for (const code of [100, 103, 101, 204])
      for (const field of [LENGTH, CODING]) {
        const { sent, head } = judge(status(code, field, "A: b"));
        expect(sent).toBe(lines(" Fine", "A: b"));
        expect([head.hasLength, head.hasCoding]).toEqual([false, false]);
      }
  });

  test("that cannot be, and was announced nevertheless, ends the connection: it may still come", () => {
    const persists = (text: string): boolean => judge(text).head.persistent;
    expect([status(204), status(204, "Content-Length: 0"), status(304, LENGTH)].map(persists)).toEqual([
      true,
      true,
      true,
    ]);
    expect([status(204, LENGTH), status(204, CODING)].map(persists)).toEqual([false, false]);
  });

  test("that is left out keeps the length that it would have had", () => {
    for (const { sent } of [judge(status(304, LENGTH)), judge(status(200, LENGTH), true)])
      expect(sent).toBe(lines(" Fine", LENGTH));
    expect(judge(status(200, CODING), true).head.hasCoding).toBe(true);
  });

  const unusual = [
    ["Content-Length: 5\t", LENGTH],
    ["Content-Length:\t5\t", LENGTH],
    ["Content-Length: 5 \t ", LENGTH],
    ["Content-Length: \t5", LENGTH],
    ["content-length: 05 ", LENGTH],
    ["Transfer-Encoding: chunked\t", CODING],
    ["Transfer-Encoding:\tchunked", CODING],
    ["transfer-encoding:  CHUNKED ", CODING],
    ["Content-Length: 0000000000000005", LENGTH],
    ["Transfer-Encoding: Chunked", CODING],
  ] as const;

  test.each(unusual)("says its length anew where readers may take it differently: %j", (field, line) => {
    for (const text of [ok(field, "A: b"), ok("A: b", field)]) {
      const { outcome, sent, head, body } = judge(text);
      expect([outcome, sent, head.lengthLine]).toEqual(["complete", lines(" OK", "A: b"), `${line}\r\n`]);
      expect(body).toBe(line === LENGTH ? "LENGTH" : "CHUNKED");
    }
    expect(judge(ok(field), true).head.lengthLine).toBe(`${line}\r\n`);
    expect(judge(status(204, field))).toMatchObject({ sent: lines(" Fine"), head: { lengthLine: "" } });
    expect(judge(ok("A: b")).head.lengthLine).toBe("");
  });

  test.each(["Content-Length:5", LENGTH, "Transfer-Encoding:chunked", CODING])(
    "sends on %j as it is",
    (field) => {
      const { sent, head } = judge(ok(field));
      expect([sent, head.lengthLine]).toEqual([lines(" OK", field), ""]);
    },
  );

  test.each([
    ["two lengths with tabs", ok("Content-Length: 5\t", "Content-Length: 5\t"), "content-length-repeated"],
    [
      "two lengths, one with a tab",
      ok("Content-Length: 5", "Content-Length: 5\t"),
      "content-length-repeated",
    ],
    ["a length with a tab and a coding", ok("Content-Length: 5\t", CODING), "two-lengths"],
    ["a coding and a length with a tab", ok(CODING, "Content-Length: 5\t"), "two-lengths"],
    ["a tab inside a length", ok("Content-Length: 5\t5"), "content-length"],
  ])("is refused with %s", (_, text, rule) => {
    expect(judge(text).wrong).toMatch(new RegExp(`^${rule} at octet \\d+: expected `));
  });

  test("can be sent without chunks, also where blanks stand around the coding", () => {
    const { head } = judge(ok("Transfer-Encoding: chunked\t", "A: b"));
    head.dropCoding();
    expect([withoutDrops(ok("Transfer-Encoding: chunked\t", "A: b"), head), head.lengthLine]).toEqual([
      lines(" OK", "A: b"),
      "",
    ]);
  });

  test("can be sent without chunks", () => {
    const text = ok(CODING, "A: b", "Trailer: X-Sum");
    const { head } = judge(text);
    head.dropCoding();
    expect(withoutDrops(text, head)).toBe(lines(" OK", "A: b"));
  });
});

describe("connection of a response", () => {
  test.each([
    ["HTTP/1.1", [], true],
    ["HTTP/1.1", ["Connection: close"], false],
    ["HTTP/1.1", ["Connection: close\t"], false],
    ["HTTP/1.1", ["Connection: keep-alive", "Connection: x, Close"], false],
    ["HTTP/1.1", ["Proxy-Connection: close"], true],
    ["HTTP/1.0", [], false],
    ["HTTP/1.0", ["Connection: keep-alive"], true],
    ["HTTP/1.0", ["Connection: keep-alive, close"], false],
  ])("%s %j persists: %s", (version, fields, persistent) => {
    const { outcome, head } = judge(lines(`${version} 200 OK`, ...fields));
    expect([outcome, head.persistent]).toEqual(["complete", persistent]);
  });

  test("options take out the fields that they name, before and behind them, and never a length", () => {
    const { sent } = judge(ok("A: 1", "Content-Length: 0", "Connection: a, content-length", "a: 2", "B: 3"));
    expect(sent).toBe(lines(" OK", "Content-Length: 0", "B: 3"));
  });

  test("options take out neither Date nor Via", () => {
    const { sent, head } = judge(ok("Connection: date, via", "Date: today", "Via: 1.1 other"));
    expect([sent, head.hasDate]).toEqual([lines(" OK", "Date: today", "Via: 1.1 other"), true]);
    expect(judge(ok()).head.hasDate).toBe(false);
  });

  test("switches with a 101 of HTTP/1.1 that announces its upgrade", () => {
    const upgrade = ["Upgrade: websocket", "Connection: upgrade"];
    expect(
      [
        status(101, ...upgrade),
        status(101, "Upgrade: websocket"),
        status(101, ...upgrade).replace("1.1", "1.0"),
        status(426, ...upgrade),
      ].map((text) => judge(text).head.switches),
    ).toEqual([true, false, false, false]);
  });

  test("keeps Upgrade of 101 and 426, wherever the option stands that announces it", () => {
    for (const code of [101, 426])
      for (const fields of [
        ["Upgrade: websocket", "Connection: upgrade"],
        ["Connection: Upgrade", "Upgrade: websocket"],
      ])
        expect(judge(status(code, ...fields)).sent).toBe(lines(" Fine", "Upgrade: websocket"));
    expect(judge(ok("Upgrade: h2c", "Connection: upgrade")).sent).toBe(lines(" OK"));
  });

  test("is interim for 1xx but 101", () => {
    expect([100, 101, 103, 200].map((code) => judge(status(code)).head.interim)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe("ResponseHead.hasMember()", () => {
  test("finds a member in any field of the number, without case", () => {
    const { head } = judge(ok("WWW-Authenticate: Basic", "www-authenticate: x, NTLM"));
    expect(head.hasMember(FIELD.WWW_AUTHENTICATE, Buffer.from("ntlm"))).toBe(true);
    expect(head.hasMember(FIELD.WWW_AUTHENTICATE, Buffer.from("negotiate"))).toBe(false);
    expect(head.hasMember(FIELD.PROXY_AUTHENTICATE, Buffer.from("ntlm"))).toBe(false);
  });
});

test("ResponseHead takes no head for the one before it that differs from it in its first line alone", () => {
  const fields = ["Date: Mon, 30 Nov 2026 20:00:00 GMT", "Server: nginx", "Content-Length: 0"].join("\r\n");
  const heads = ["HTTP/1.1 200 OK", "HTTP/1.1 404 OK", "HTTP/1.0 404 OK", "XTTP/1.0 404 OK"];
  const seen = heads.map((line) => judge(`${line}\r\n${fields}\r\n\r\n`));
  expect(seen.map(({ outcome }) => outcome)).toEqual(["complete", "complete", "complete", "refused"]);
});

test("ResponseHead says the status and version of each head, also where all others of its octets are those of the one before", () => {
  const said = ["1.1 200", "1.1 404", "1.0 404"].map((line) => {
    const { head } = judge(
      `HTTP/${line} OK\r\nDate: Mon, 30 Nov 2026 20:00:00 GMT\r\nContent-Length: 0\r\n\r\n`,
    );
    return [head.status, head.http10];
  });
  expect(said).toEqual([
    [200, false],
    [404, false],
    [404, true],
  ]);
});

test("ResponseHead holds a head that repeats the one before it to limits that are new", () => {
  const head = new ResponseHead(new FieldNames(), LIMITS);
  const text = ok("Content-Length: 0", "A: b");
  expect(judge(text, false, head).outcome).toBe("complete");
  head.limits = { ...LIMITS, fields: 1 };
  expect(judge(text, false, head).outcome).toBe("refused");
});

test("ResponseHead forgets what is handed on of a head when it judges another", () => {
  const head = new ResponseHead(new FieldNames(), LIMITS);
  judge(ok("Content-Length: 0"), false, head).head.handedOn = Buffer.from("x");
  expect(judge(ok("Content-Length: 0"), false, head).head.handedOn).toBeDefined();
  expect(judge(ok("Content-Length: 1"), false, head).head.handedOn).toBeUndefined();
});
