import { describe, expect, test } from "vitest";
import { FIELD, FieldNames } from "./field-names.ts";
import { HEAD, HEAD_FLAG } from "./head-flags.ts";
import { METHOD, methodName } from "./methods.ts";
import { REFUSE } from "./refusal.ts";
import { RequestHead } from "./request-head.ts";
import { decidedBy, get, judge, lines, post, requestHead, TEST_LIMITS } from "./test-heads.ts";

const HOST = "Host: a.example";

/** A head of every kind of line, each of which llhttp and we look at in another way. */
const RICH = lines(
  "POST http://a.example:8080/p?q=1 HTTP/1.1",
  "HOST: A.example:8080",
  "Connection: keep-alive, x-hop, te",
  "X-Hop: gone",
  "Content-Length: 11",
  "Expect: 100-continue",
  "TE: trailers",
  "Cookie: a=b; c=d",
  "Empty:",
  "Spaces: \t v \t ",
  "Text: caf\xe9",
  "Authorization: Basic eDp5",
);

describe("RequestHead.judge()", () => {
  test("tells where a head begins and ends, and what is sent of it", () => {
    const { outcome, sent, head, flags } = judge(`${RICH}hello world`);
    expect(outcome).toBe("complete");
    expect([head.start, head.end]).toEqual([0, RICH.length]);
    expect(methodName(head.method)).toBe("POST");
    expect(head.contentLength).toBe(11);
    expect(flags).toEqual(["CONTENT", "PERSISTENT", "EXPECT_CONTINUE", "HAS_HOST", "TE_TRAILERS"]);
    expect(sent).toBe(
      lines(
        "POST /p?q=1 HTTP/1.1",
        "HOST: A.example:8080",
        "Content-Length: 11",
        "Expect: 100-continue",
        "Cookie: a=b; c=d",
        "Empty:",
        "Spaces: \t v \t ",
        "Text: caf\xe9",
        "Authorization: Basic eDp5",
      ),
    );
  });

  test.each([RICH, get(), lines("GET / HTTP/1.0"), `\r\n\r\n${get("A: b")}`])(
    "says incomplete of every beginning of a head, and complete of the whole: %j",
    (text) => {
      for (let length = 0; length < text.length; length++)
        expect([length, judge(text.slice(0, length)).outcome]).toEqual([length, "incomplete"]);
      expect(judge(text).outcome).toBe("complete");
    },
  );

  test("refuses once, and in every longer beginning, what it refuses", () => {
    const bad = [
      get("A: b\rc"),
      post("Content-Length: 1", "Content-Length: 1"),
      get("Host: b"),
      get("A: b", " c"),
    ];
    bad.push("FOO / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\0", get("A : b"), get("A: b\0"));
    for (const text of bad) {
      const outcomes = Array.from(
        { length: text.length + 1 },
        (_, length) => judge(text.slice(0, length)).outcome,
      );
      const first = outcomes.indexOf("refused");
      expect(first).toBeGreaterThan(0);
      expect(outcomes.slice(first)).toEqual(outcomes.slice(first).map(() => "refused"));
      expect(outcomes.slice(0, first)).toEqual(outcomes.slice(0, first).map(() => "incomplete"));
    }
  });

  test("refuses a first line as soon as it is there", () => {
    expect(judge("GET /a#b HTTP/2.0\r\n").rule).toBe("version");
    expect(judge("GET /\r\n").rule).toBe("request-line");
    expect(judge("GET / HTTP/1.12\r\n").rule).toBe("request-line");
    expect(judge("PRI * HTTP/2.0\r\n").rule).toBe("version");
  });

  test("skips empty lines before a request line, and waits when there is nothing else", () => {
    expect(judge("\r\n\r\n\r\n").outcome).toBe("incomplete");
    const { head, sent } = judge(`\r\n\r\n${get()}`);
    expect([head.start, head.end]).toEqual([4, 4 + get().length]);
    expect(sent).toBe(get());
  });

  test("judges one head behind the other in one load", () => {
    const heads = [get("A: b"), RICH, lines("HEAD /x HTTP/1.0"), get("Connection: close")];
    const octets = Buffer.from(heads.join(""), "latin1");
    const head = requestHead();
    head.load(octets, 0, octets.length);
    let at = 0;
    for (const text of heads) {
      expect(head.judge(at, octets.length, false)).toBe(HEAD.COMPLETE);
      expect([head.start, head.end]).toEqual([at, at + text.length]);
      at = head.end;
    }
    expect(head.judge(at, octets.length, false)).toBe(HEAD.INCOMPLETE);
    expect(head.start).toBe(octets.length);
  });

  test("judges octets loaded from the middle of others", () => {
    const octets = Buffer.from(`xxx${get("A: b")}yyy`, "latin1");
    const head = requestHead();
    head.load(octets, 3, octets.length - 3);
    expect(head.judge(0, octets.length - 6, false)).toBe(HEAD.COMPLETE);
    expect(head.end).toBe(get("A: b").length);
  });

  test("sees nothing of a longer head that was loaded before", () => {
    const head = requestHead();
    judge(get("Content-Length: 5", "Connection: close", "Expect: 100-continue"), { head });
    expect(judge("GET / HTTP/1.1\r\nHost", { head }).outcome).toBe("incomplete");
    expect(judge("GET / HTTP/1.1\r", { head }).outcome).toBe("incomplete");
    expect(judge(get(), { head })).toMatchObject({
      outcome: "complete",
      flags: ["SAFE", "IDEMPOTENT", "PERSISTENT", "HAS_HOST"],
    });
    expect(head.contentLength).toBe(0);
  });

  test("forgets what it found of a head before, also when it refuses", () => {
    const head = requestHead();
    judge(post("Content-Length: 5"), { head });
    judge("\x16\x03", { head });
    expect(head.contentLength).toBe(0);
    expect(head.targetLength).toBe(0);
    expect(head.authorityLength).toBe(0);
    expect(head.method).toBe(METHOD.NONE);
    expect(head.flags).toBe(0);
    judge(get(), { head });
    expect([head.refusal, head.refusalAt]).toEqual([REFUSE.NONE, 0]);
  });

  test("keeps of a refused head what its first line says, so that the answer to HEAD has no body", () => {
    expect(judge(lines("HEAD / HTTP/1.0", "A : b")).flags).toEqual(["HTTP_1_0", "HEAD_METHOD"]);
    expect(judge(lines("HEAD / HTTP/1.1", "Connection: close")).flags).toEqual(["HEAD_METHOD"]);
    expect(judge(get("Expect: x")).flags).toEqual([]);
  });

  test("names the first of several offences, and its place", () => {
    const text = get("Content-Length: x", "Expect: y");
    expect(judge(text)).toMatchObject({ rule: "content-length", refusalAt: text.indexOf("x\r\n") });
    const expectation = get("Expect: y", "Content-Length: 5", "Transfer-Encoding: gzip");
    expect(judge(expectation).rule).toBe("two-lengths");
  });
});

describe("limits of RequestHead", () => {
  const small = { headBytes: 128, fields: 8, targetBytes: 64 };

  test("refuse a head that cannot end within its bound, before it ends", () => {
    const head = requestHead(small);
    expect(judge(get(`A: ${"x".repeat(200)}`).slice(0, 128), { head }).outcome).toBe("incomplete");
    expect(judge(get(`A: ${"x".repeat(200)}`).slice(0, 129), { head }).rule).toBe("head-bytes");
  });

  test("count a head from its first line, not from empty lines before it", () => {
    const head = requestHead(small);
    const room = 128 - get("A: ").length;
    expect(judge(`\r\n\r\n${get(`A: ${"x".repeat(room)}`)}`, { head }).outcome).toBe("complete");
    expect(judge(`\r\n\r\n${get(`A: ${"x".repeat(room + 1)}`)}`, { head }).rule).toBe("head-bytes");
  });

  test("are per head, not per load", () => {
    const head = requestHead(small);
    expect(judge(get("A: b").repeat(10), { head }).outcome).toBe("complete");
  });

  test("refuse a target that is too long before it ends", () => {
    const head = requestHead(small);
    expect(judge(`GET /${"x".repeat(63)}`, { head }).outcome).toBe("incomplete");
    expect(judge(`GET /${"x".repeat(64)}`, { head }).rule).toBe("target-bytes");
    expect(judge(`GET /${"x".repeat(64)}\x01`, { head }).rule).toBe("target-bytes");
    expect(judge(`GET /${"x".repeat(63)}\x01`, { head }).rule).toBe("target");
  });

  test("refuse more fields than allowed before the head ends", () => {
    const head = requestHead(small);
    const fields = "A: b\r\n".repeat(9);
    expect(judge(`GET / HTTP/1.1\r\n${fields.slice(0, -6)}`, { head }).outcome).toBe("incomplete");
    expect(judge(`GET / HTTP/1.1\r\n${fields}`, { head }).rule).toBe("fields");
  });

  test("refuse more connection options than there may be fields", () => {
    const head = requestHead(small);
    expect(judge(get("Connection: a,b,c,d", "Connection: e,f,g,h"), { head }).outcome).toBe("complete");
    expect(judge(get("Connection: a,b,c,d", "Connection: e,f,g,h,i"), { head }).rule).toBe("fields");
  });

  test("hold for what llhttp refuses behind them", () => {
    const head = requestHead(small);
    const room = "x".repeat(128 - get("A: ").length + "\r\n\r\n".length);
    expect(judge(get(`A: ${room}\0`), { head }).rule).toBe("field-line");
    expect(judge(get(`A: ${room}x\0`), { head }).rule).toBe("head-bytes");
  });
});

describe("flags of RequestHead", () => {
  const flagsOf = (text: string): readonly string[] => judge(text).flags;

  test.each([
    ["GET", ["SAFE", "IDEMPOTENT"]],
    ["HEAD", ["SAFE", "IDEMPOTENT", "HEAD_METHOD"]],
    ["OPTIONS", ["SAFE", "IDEMPOTENT", "OPTIONS_METHOD"]],
    ["TRACE", ["SAFE", "IDEMPOTENT"]],
    ["PUT", ["IDEMPOTENT"]],
    ["DELETE", ["IDEMPOTENT"]],
    ["QUERY", ["IDEMPOTENT"]],
    ["POST", []],
    ["PATCH", []],
    ["LOCK", []],
  ])("tell of %s what may be done with it", (method, expected) => {
    const flags = flagsOf(lines(`${method} / HTTP/1.1`, HOST));
    const ofMethods = ["SAFE", "IDEMPOTENT", "HEAD_METHOD", "OPTIONS_METHOD"];
    expect(flags.filter((flag) => ofMethods.includes(flag))).toEqual(expected);
  });

  test.each([
    ["1.1", undefined, true],
    ["1.1", "close", false],
    ["1.1", "CLOSE", false],
    ["1.1", "close\t", false],
    ["1.1", "x, close", false],
    ["1.1", "keep-alive, close", false],
    ["1.1", "closed", true],
    ["1.2", undefined, true],
    ["1.9", "close", false],
    ["1.0", undefined, false],
    ["1.0", "keep-alive", true],
    ["1.0", "Keep-Alive", true],
    ["1.0", "x, keep-alive", true],
    ["1.0", "keep-alive, close", false],
    ["1.0", "close", false],
  ])("HTTP/%s with Connection: %s persists: %s", (version, option, persists) => {
    const fields = option === undefined ? [HOST] : [HOST, `Connection: ${option}`];
    expect(flagsOf(lines(`GET / HTTP/${version}`, ...fields)).includes("PERSISTENT")).toBe(persists);
  });

  test("say close when one of several Connection fields does", () => {
    expect(flagsOf(get("Connection: keep-alive", "Connection: x, close"))).not.toContain("PERSISTENT");
    expect(flagsOf(get("Connection: close", "Connection: keep-alive"))).not.toContain("PERSISTENT");
  });

  test("do not listen to Proxy-Connection and Keep-Alive", () => {
    expect(flagsOf(get("Proxy-Connection: close", "Keep-Alive: timeout=0"))).toContain("PERSISTENT");
    expect(flagsOf(lines("GET / HTTP/1.0", "Proxy-Connection: keep-alive"))).not.toContain("PERSISTENT");
  });

  test("tell of content where there is some", () => {
    expect(flagsOf(post("Content-Length: 0"))).not.toContain("CONTENT");
    expect(flagsOf(post("Content-Length: 1"))).toContain("CONTENT");
    expect(flagsOf(post("Transfer-Encoding: chunked"))).toEqual(
      expect.arrayContaining(["CONTENT", "CHUNKED"]),
    );
    expect(flagsOf(get("Content-Length: 1"))).toContain("CONTENT");
    expect(judge(post("Content-Length: 999999999999999")).head.contentLength).toBe(999_999_999_999_999);
  });

  test.each(["NTLM", "ntlm TlRM", "Negotiate YII=", "NEGOTIATE"])("bind credentials of %s", (credentials) => {
    expect(flagsOf(get(`Authorization: ${credentials}`))).toContain("BOUND");
  });

  test.each(["Basic eDp5", "NTLMv2 x", "Bearer ntlm", ""])("do not bind credentials of %j", (credentials) => {
    expect(flagsOf(get(`Authorization: ${credentials}`))).not.toContain("BOUND");
  });
});

describe("Upgrade of a request", () => {
  const upgrade = (...fields: string[]): string => get(...fields);

  test("is sent when the connection announces it", () => {
    const { flags, sent } = judge(upgrade("Connection: Upgrade", "Upgrade: websocket"));
    expect(flags).toContain("UPGRADE");
    expect(sent).toBe(get("Upgrade: websocket"));
    expect(judge(upgrade("Upgrade: websocket", "Connection: keep-alive, upgrade")).flags).toContain(
      "UPGRADE",
    );
  });

  test.each([
    ["without the connection option", upgrade("Upgrade: websocket")],
    ["twice", upgrade("Connection: upgrade", "Upgrade: websocket", "Upgrade: websocket")],
    ["three times", upgrade("Connection: upgrade", "Upgrade: a", "Upgrade: b", "Upgrade: c")],
    ["with content", upgrade("Connection: upgrade", "Upgrade: websocket", "Content-Length: 1")],
    ["with chunks", upgrade("Connection: upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked")],
    ["in HTTP/1.0", lines("GET / HTTP/1.0", "Connection: upgrade", "Upgrade: websocket")],
    ["without a protocol", upgrade("Connection: upgrade", "Upgrade:")],
    ["to h2c", upgrade("Connection: upgrade, http2-settings", "Upgrade: h2c", "HTTP2-Settings: AAA")],
    ["to h2c in capitals", upgrade("Connection: upgrade", "Upgrade: H2C")],
    ["to h2c among others", upgrade("Connection: upgrade", "Upgrade: websocket, h2c")],
    ["to another HTTP", upgrade("Connection: upgrade", "Upgrade: HTTP/2.0")],
    ["to TLS, with requests inside", upgrade("Connection: upgrade", "Upgrade: TLS/1.2, HTTP/1.1")],
  ])("is ignored %s", (_, text) => {
    const { outcome, flags, sent } = judge(text);
    expect(outcome).toBe("complete");
    expect(flags).not.toContain("UPGRADE");
    expect(sent).not.toMatch(/upgrade|http2-settings/i);
  });

  test("is sent with a length of 0", () => {
    expect(judge(upgrade("Connection: upgrade", "Upgrade: foo/2", "Content-Length: 0")).flags).toContain(
      "UPGRADE",
    );
  });
});

describe("Expect of a request", () => {
  test("is told and sent", () => {
    const { flags, sent } = judge(post("Expect: 100-continue", "Content-Length: 1"));
    expect(flags).toContain("EXPECT_CONTINUE");
    expect(sent).toContain("Expect: 100-continue\r\n");
  });

  test("ends here when it comes in HTTP/1.0, where nobody knows interim responses", () => {
    const { flags, sent } = judge(lines("POST / HTTP/1.0", "Expect: 100-continue", "Content-Length: 1"));
    expect(flags).not.toContain("EXPECT_CONTINUE");
    expect(sent).toBe(lines("POST / HTTP/1.0", "Content-Length: 1"));
  });

  test("is a list, of which nothing but 100-continue may be a member", () => {
    for (const fields of [
      ["Expect: 100-continue, 100-Continue"],
      ["Expect: ,100-continue"],
      ["Expect: 100-continue", "Expect: 100-continue"],
    ])
      expect(judge(post(...fields))).toMatchObject({
        sent: post(...fields),
        flags: expect.arrayContaining(["EXPECT_CONTINUE"]),
      });
  });

  test("ends here when it says nothing", () => {
    expect(judge(post("Expect:"))).toMatchObject({ rule: "none", sent: post() });
    expect(judge(post("Expect: ,")).flags).not.toContain("EXPECT_CONTINUE");
  });

  test.each(["100-continue, x", "100", "100-continue=1"])("is refused when it says %j", (value) => {
    expect(judge(post(`Expect: ${value}`)).rule).toBe("expect");
  });

  test("is neither told nor sent when the connection takes it out, wherever that stands", () => {
    for (const fields of [
      ["Expect: 100-continue", "Connection: expect"],
      ["Connection: expect", "Expect: 100-continue"],
    ])
      expect(judge(get(...fields))).toMatchObject({
        sent: get(),
        flags: expect.not.arrayContaining(["EXPECT_CONTINUE"]),
      });
  });
});

describe("TE of a request", () => {
  test("is told when trailers are welcome, wherever the connection names it", () => {
    for (const fields of [
      ["TE: Trailers", "Connection: TE"],
      ["Connection: x, te", "TE: trailers"],
      ["TE: deflate;q=0.5, trailers", "Connection: TE"],
      ["TE: deflate", "TE: trailers", "Connection: close, TE"],
    ])
      expect(judge(get(...fields))).toMatchObject({
        sent: get(),
        flags: expect.arrayContaining(["TE_TRAILERS"]),
      });
  });

  test("says nothing of the connection without the option that belongs to it", () => {
    expect(judge(get("TE: trailers")).flags).not.toContain("TE_TRAILERS");
    expect(judge(get("TE: trailers", "Connection: keep-alive, tea")).flags).not.toContain("TE_TRAILERS");
  });

  test("ends here in every case", () => {
    for (const value of ["deflate", "", "trailersx"]) {
      const { flags, sent } = judge(get(`TE: ${value}`));
      expect(sent).toBe(get());
      expect(flags).not.toContain("TE_TRAILERS");
    }
  });
});

const TRUST_FIELDS = [
  "X-Forwarded-For: 192.0.2.1",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: b.example",
  "Forwarded: for=192.0.2.1",
  "X-Request-Id: 1",
  "X-User: ann",
];

describe("fields that are believed", () => {
  const head = requestHead({}, "x-user", ["x_forwarded_proto", "accept"]);
  const number = (name: string): number =>
    new FieldNames(["x_forwarded_proto", "accept", "x-user"]).numberOf(name);

  test("are kept and told when a trusted peer sends them", () => {
    const { sent, flags } = judge(get(...TRUST_FIELDS), { head, trusted: true });
    expect(sent).toBe(get(...TRUST_FIELDS));
    expect(flags).toEqual(expect.arrayContaining(["KEEPS_PROTO", "KEEPS_HOST", "KEEPS_REQUEST_ID"]));
    expect(head.valuesOf(FIELD.X_FORWARDED_FOR)).toEqual(["192.0.2.1"]);
    expect(head.valuesOf(number("x-user"))).toEqual(["ann"]);
  });

  test("reach neither rules nor servers when a stranger sends them", () => {
    const { sent, flags } = judge(get("Accept: a", ...TRUST_FIELDS, "B: c"), { head });
    expect(sent).toBe(get("Accept: a", "B: c"));
    expect(flags.filter((flag) => flag.startsWith("KEEPS"))).toEqual([]);
    expect(head.valuesOf(FIELD.X_FORWARDED_FOR)).toEqual([]);
    expect(head.valuesOf(FIELD.X_FORWARDED_PROTO)).toEqual([]);
    expect(head.valuesOf(number("x-user"))).toEqual([]);
    expect(head.lines.names()).toEqual(["host", "accept", "b"]);
  });

  test.each([
    "X_Forwarded_For: 192.0.2.1",
    "x_forwarded-for: 192.0.2.1",
    "X-Forwarded_Proto: https",
    "X_FORWARDED_PROTO: https",
    "X_Forwarded_Host: b.example",
    "X_Request_Id: 1",
    "X_User: ann",
  ])("reach nobody in another spelling: %s", (field) => {
    for (const trusted of [false, true]) {
      const { sent, flags } = judge(get("A: b", field, "C_D: e"), { head, trusted });
      expect(sent).toBe(get("A: b", "C_D: e"));
      expect(flags.filter((flag) => flag.startsWith("KEEPS"))).toEqual([]);
    }
    expect(head.valuesOf(number("x_forwarded_proto"))).toEqual([]);
  });

  test("are not unsaid by a connection option", () => {
    for (const option of ["X-Forwarded-For", "x-forwarded-proto", "forwarded", "x-request-id", "x-user"]) {
      const { sent, flags } = judge(get(...TRUST_FIELDS, `Connection: ${option}`), { head, trusted: true });
      expect(sent).toBe(get(...TRUST_FIELDS));
      expect(flags).toEqual(expect.arrayContaining(["KEEPS_PROTO", "KEEPS_HOST", "KEEPS_REQUEST_ID"]));
    }
  });

  test("are ordinary where they are no identity", () => {
    expect(judge(get("X-User: ann", "X_User: bob")).sent).toBe(get("X-User: ann", "X_User: bob"));
  });
});

describe("RequestHead.valuesOf()", () => {
  test("gives the values in order, trimmed, as latin1", () => {
    const names = new FieldNames(["a"]);
    const head = new RequestHead(names, TEST_LIMITS);
    judge(get("A:  1\t", "B: 2", "a:\xe9", "A:"), { head });
    expect(head.valuesOf(names.numberOf("a"))).toEqual(["1", "\xe9", ""]);
  });

  test("gives nothing for a name that is not in the table", () => {
    const { head } = judge(get("A: 1", "B: 2"));
    expect(head.valuesOf(FIELD.UNKNOWN)).toEqual([]);
  });
});

describe("HEAD_FLAG", () => {
  test("has a bit of its own for each", () => {
    const bits = Object.values(HEAD_FLAG);
    expect(bits.reduce((sum, bit) => sum + bit, 0)).toBe(2 ** bits.length - 1);
  });
});

describe("Connection of a request", () => {
  const head = decidedBy("x-bot", "cookie", "te", "x-forwarded-port");

  test.each(["X-Bot", "close, x-bot", "cookie"])("must not name a field that decides: %s", (options) => {
    const text = get("X-Bot: 1", "Cookie: a=b", `Connection: ${options}`);
    expect(judge(text, { head })).toMatchObject({ outcome: "refused", rule: "connection-option" });
    expect(judge(text).outcome).toBe("complete");
  });

  test("may name one that is not there, that ends here anyway, or that is believed", () => {
    for (const trusted of [true, false])
      expect(
        judge(get("Connection: X-Bot, TE, X-Forwarded-Port", "TE: trailers", "X-Forwarded-Port: 1"), {
          head,
          trusted,
        }).sent,
      ).toBe(trusted ? get("X-Forwarded-Port: 1") : get());
  });
});

describe("a refused HEAD", () => {
  test.each([
    lines("HEAD a HTTP/1.0", "a:"),
    lines("HEAD /a#b HTTP/1.1", "Host: a"),
    lines(`HEAD /${"x".repeat(2_000)} HTTP/1.1`, "Host: a"),
    lines("HEAD / HTTP/3.0", "Host: a"),
    lines("HEAD / HTTP/1.1"),
  ])("is known as one, so that no content follows its answer: %j", (text) => {
    expect(judge(text)).toMatchObject({ outcome: "refused", flags: expect.arrayContaining(["HEAD_METHOD"]) });
  });
});

describe("empty lines before a request", () => {
  test("are passed over, but not without end", () => {
    expect(judge(`${"\r\n".repeat(8)}${get()}`).outcome).toBe("complete");
    expect(judge(`${"\r\n".repeat(9)}${get()}`).rule).toBe("request-line");
    expect(judge("\r\n".repeat(9)).rule).toBe("request-line");
  });

  test("stay before a head that has not begun, since they count together with those that follow", () => {
    for (const text of ["", "\r", "\r\n", "\r\n\r", "\r\n".repeat(8), `${"\r\n".repeat(8)}\r`])
      expect(judge(text)).toMatchObject({ outcome: "incomplete", head: { start: 0, end: 0 } });
    expect(judge("\r\nG")).toMatchObject({ outcome: "incomplete", head: { start: 2 } });
  });

  test("stay so behind a request too", () => {
    const octets = Buffer.from(`${get()}\r\n\r`);
    const head = requestHead();
    head.load(octets, 0, octets.length);
    head.judge(0, octets.length, false);
    expect(head.judge(head.end, octets.length, false)).toBe(HEAD.INCOMPLETE);
    expect(head.start).toBe(get().length);
  });

  test("are refused with what is half of one and no head", () => {
    for (const text of ["\r\r", "\rGET", "\n", "\r\n\rG", "\r\n\n"])
      expect([text, judge(`${text}ET / HTTP/1.1\r\n`).outcome]).toEqual([text, "refused"]);
  });
});

describe("a length or coding that not everybody reads", () => {
  const PLAIN = [
    "Transfer-Encoding: chunked",
    "Transfer-Encoding:chunked",
    "Content-Length: 5",
    "CONTENT-LENGTH:0",
  ];

  test.each(PLAIN)("stays where everybody does: %j", (line) => {
    const judged = judge(post(line, "A: b"));
    expect(judged.sent).toBe(post(line, "A: b"));
    expect(judged.flags).not.toContain("LENGTH_REWRITTEN");
  });

  test.each([
    "Transfer-Encoding: chunked\t",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: \tchunked",
    "Transfer-Encoding:\t chunked",
    "Transfer-Encoding:  chunked",
    "Transfer-Encoding: chunked ",
    "Transfer-Encoding: chunked \t",
    "transfer-encoding: Chunked",
  ])("goes, and one of ours says that there are chunks: %j", (line) => {
    const judged = judge(post(line, "A: b"));
    expect(judged.flags).toEqual(expect.arrayContaining(["CHUNKED", "CONTENT", "LENGTH_REWRITTEN"]));
    expect(judged.sent).toBe(post("A: b"));
  });

  test.each([
    ["Content-Length:\t5", 5],
    ["Content-Length:  5", 5],
    ["Content-Length: 5 ", 5],
    ["Content-Length: 05", 5],
    ["Content-Length: 00", 0],
    ["Content-Length: 0000000000000002", 2],
    [`Content-Length: ${"9".repeat(15).padStart(32, "0")}`, 999_999_999_999_999],
  ])("goes, and one of ours says how long the content is: %j", (line, contentLength) => {
    const judged = judge(post(line, "A: b"));
    expect(judged).toMatchObject({ outcome: "complete", head: { contentLength } });
    expect(judged.flags).toContain("LENGTH_REWRITTEN");
    expect(judged.sent).toBe(post("A: b"));
  });

  test.each([
    "1000000000000000",
    "0".repeat(33),
    "18446744073709551621",
    "00000000000000018446744073709551621",
  ])("is refused where it is no number that we count with: %s", (digits) => {
    expect(judge(post(`Content-Length: ${digits}`)).rule).toBe("content-length");
  });

  test("is forgotten with its head", () => {
    judge(post("Transfer-Encoding: chunked\t"));
    judge(post("Content-Length: 05"));
    expect(judge(post("Content-Length: 5")).sent).toBe(post("Content-Length: 5"));
  });
});

describe("a target longer than a head may be", () => {
  test("is called so, and not a long head", () => {
    expect(judge(lines(`GET /${"x".repeat(5_000)} HTTP/1.1`, "Host: a")).rule).toBe("target-bytes");
  });
});

describe("a name that a server may take for a length", () => {
  test.each(["Content_Length", "TRANSFER_ENCODING", "Transfer_encoding"])("ends here: %s", (name) => {
    for (const trusted of [true, false])
      expect(judge(post(`${name}: chunked`), { trusted })).toMatchObject({
        outcome: "complete",
        sent: post(),
      });
  });
});
