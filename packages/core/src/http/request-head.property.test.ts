import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { below, draw } from "../random.ts";
import { METHOD } from "./methods.ts";
import { get, judge, lines, post } from "./test-heads.ts";

/**
 * Aim: what is said of the heads that somebody thought of holds for those that nobody did. Method: heads are put
 * together, or spoiled, by seeded chance; a failure names the seed, which gives the same head again.
 */

/** The numbers of one seed, one after the other. */
class Dice {
  readonly #seed: number;
  #thrown = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  below(count: number): number {
    return below(draw(this.#seed, this.#thrown++), count);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Octets of an alphabet, between `least` and `most` of them. */
  text(alphabet: string, least: number, most: number): string {
    const length = least + this.below(most - least + 1);
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join("");
  }
}

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const VALUE = `${TOKEN}"(),/:;<=>?@[\\]{} \t\x80\xe4\xff`;
const TARGET = "/abc?=&.-_~!$'()*+,;:@[]^|";
/** Names that are treated like any other, some of them much like one that is not. */
const ORDINARY = [
  "Accept",
  "Cookie",
  "User-Agent",
  "X-Hop",
  "X-Hop-2",
  "Hosts",
  "Content-Lengths",
  "Upgrade-It",
];
const ENDS_HERE = ["Keep-Alive", "Proxy-Connection", "TE", "Upgrade", "HTTP2-Settings"];
const BELIEVED = ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Request-Id", "X_Forwarded_For"];

/** Any other length is sent anew. */
const PLAIN_LENGTH = /^Content-Length: ?[1-9][0-9]*$/;

interface RandomHead {
  readonly text: string;
  /** What has to be left of it when a stranger sent it. */
  readonly sent: string;
  readonly content: boolean;
}

function randomHead(seed: number): RandomHead {
  const dice = new Dice(seed);
  const host = dice.of(["a.example", "A.example:80", "[::1]:8080", "192.0.2.1"]);
  const path = `/${dice.text(TARGET, 0, 30)}`;
  const absolute = dice.below(4) === 0 ? `http://${host.toLowerCase()}` : "";
  const version = dice.of(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]);
  const method = dice.of(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"]);
  const options = Array.from({ length: dice.below(3) }, () =>
    dice.of(["x-hop", "COOKIE", "close", "keep-alive", "Host"]),
  );
  const fields = randomFields(dice, host, options);
  const stays = (line: string): boolean => staysFor(line, options);
  return {
    text: lines(`${method} ${absolute}${path} ${version}`, ...fields),
    sent: lines(`${method} ${path} ${version}`, ...fields.filter(stays)),
    content: fields.some((line) => line.startsWith("Content-Length:")),
  };
}

function randomFields(dice: Dice, host: string, options: readonly string[]): string[] {
  const field = (name: string, value: string): string =>
    `${name}:${dice.text(" \t", 0, 2)}${value}${dice.text(" \t", 0, 2)}`;
  const names = Array.from({ length: dice.below(12) }, () =>
    dice.of([...ORDINARY, ...ENDS_HERE, ...BELIEVED]),
  );
  const fields = names.map((name) => field(inAnyCase(dice, name), dice.text(VALUE, 0, 20).trim()));
  fields.push(field(inAnyCase(dice, "Host"), host));
  fields.push(...options.map((option) => field("Connection", option)));
  if (dice.below(3) === 0)
    fields.push(field("Content-Length", `${dice.text("0", 0, 2)}${1 + dice.below(1_000)}`));
  return fields
    .map((line) => [dice.below(1_000), line] as const)
    .sort(([a], [b]) => a - b)
    .map(([, line]) => line);
}

function inAnyCase(dice: Dice, name: string): string {
  return dice.of([name, name.toLowerCase(), name.toUpperCase()]);
}

/** Whether a field line stays in a stranger's message with these connection options. */
function staysFor(line: string, options: readonly string[]): boolean {
  const lower = line.slice(0, line.indexOf(":")).toLowerCase();
  if (lower === "host") return true;
  if (lower === "content-length") return PLAIN_LENGTH.test(line);
  const gone = [...ENDS_HERE, ...BELIEVED, "Connection", ...options].map((text) => text.toLowerCase());
  return !gone.includes(lower);
}

const BASES = [
  get("Accept: text/html", "Connection: keep-alive", "Cookie: a=b"),
  post("Content-Length: 5", "Connection: close, x-hop", "X-Hop: 1"),
  post("Transfer-Encoding: chunked", "Expect: 100-continue", "TE: trailers"),
  lines("GET http://a.example:80/p?q HTTP/1.1", "Host: a.example:80", "X-Forwarded-For: 192.0.2.1"),
  lines("OPTIONS * HTTP/1.0", "Host: [::1]", "Connection: keep-alive", "Upgrade: websocket"),
];

/** Octets on which parsers have disagreed, and pieces of heads. */
const PIECES = [
  ..."\r\n\t\v\f\0 :;,/#?@%\"'()\\\x7f\x80\xff\x0109aA+-_".split(""),
  "\r\n",
  "\n\n",
  "\r\n ",
  "\r\n\r\n",
  " HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  "Host: b\r\n",
  "Content-Length: 5\r\n",
  "Content-Length:\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Connection: host, content-length\r\n",
  "chunked",
  "http://",
  "0x",
  "A: b\r\n",
];

function spoiled(seed: number): string {
  const dice = new Dice(seed);
  let text = dice.of(BASES);
  for (let i = 1 + dice.below(3); i > 0; i--) {
    const at = dice.below(text.length);
    const until = at + dice.below(4);
    switch (dice.below(4)) {
      case 0:
        text = text.slice(0, at) + dice.of(PIECES) + text.slice(at);
        break;
      case 1:
        text = text.slice(0, at) + dice.of(PIECES) + text.slice(at + 1);
        break;
      case 2:
        text = text.slice(0, at) + text.slice(until);
        break;
      default:
        text = text.slice(0, until) + text.slice(at);
    }
  }
  return text;
}

/** A head to the letter of RFC 9112, written down once more and independently; without what fields mean. */
const STRICT =
  /^(?:\r\n)*[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21\x22\x24-\x7e]+ HTTP\/1\.[01]\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;

const VALID_HEADS = 3_000;
const SPOILED_HEADS = 4_000;

describe("RequestHead.judge() on heads made by chance", () => {
  test("accepts valid ones, and leaves of them exactly the fields that have to stay", () => {
    for (let seed = 0; seed < VALID_HEADS; seed++) {
      const { text, sent, content } = randomHead(seed);
      const judged = judge(text);
      expect({ seed, outcome: judged.outcome, rule: judged.rule }).toEqual({
        seed,
        outcome: "complete",
        rule: "none",
      });
      expect({ seed, sent: judged.sent }).toEqual({ seed, sent });
      expect({ seed, content: judged.flags.includes("CONTENT") }).toEqual({ seed, content });
    }
  });

  test("accepts no spoiled one that is not to the letter, nor ends it elsewhere", () => {
    let accepted = 0;
    for (let seed = 0; seed < SPOILED_HEADS; seed++) {
      const text = spoiled(seed);
      const { outcome, head } = judge(text);
      if (outcome !== "complete") continue;
      accepted++;
      const end = text.indexOf("\r\n\r\n", text.search(/[^\r\n]/)) + 4;
      expect({ seed, end: head.end }).toEqual({ seed, end });
      expect({ seed, text: text.slice(0, end) }).toEqual({ seed, text: expect.stringMatching(STRICT) });
    }
    expect(accepted).toBeGreaterThan(SPOILED_HEADS / 50);
  });

  test("never takes back what it said of a beginning of a spoiled one", () => {
    for (let seed = 0; seed < SPOILED_HEADS; seed += 8) {
      const text = spoiled(seed);
      let before = "incomplete";
      for (let length = 1; length <= text.length; length++) {
        const { outcome } = judge(text.slice(0, length));
        if (before !== "incomplete")
          expect({ seed, length, outcome }).toEqual({ seed, length, outcome: before });
        before = outcome;
      }
    }
  });
});

/** Tokens that no registry has, some of them nearly one that it has, or of RTSP, which llhttp knows. */
const PRIVATE_METHODS = [
  "get",
  "GETX",
  "GE",
  "PLAY",
  "PRI",
  "X",
  "BREW-2",
  "!#$%&'*+-.^_`|~",
  "x".repeat(40),
];

describe("RequestHead.judge() on methods that nobody registered", () => {
  test("says of them what it says of POST, at the same place behind the method", () => {
    const found = new Set<string>();
    for (let seed = 0; seed < SPOILED_HEADS; seed++) {
      const behind = spoiled(seed).replace(/^(?:\r\n)*[A-Z]+/, "");
      if (!behind.startsWith(" ")) continue;
      const method = PRIVATE_METHODS[seed % PRIVATE_METHODS.length] as string;
      const known = judgedBehind("POST", behind);
      expect({ seed, ...judgedBehind(method, behind) }).toEqual({ seed, ...known });
      found.add(known.rule);
    }
    expect(found.size).toBeGreaterThan(12);
  });

  test("names them as they were sent, and holds them for neither safe nor idempotent", () => {
    for (const method of PRIVATE_METHODS) {
      const { head, outcome, flags } = judge(lines(`${method} /a HTTP/1.1`, "Host: a"));
      expect({ outcome, method: head.methodName }).toEqual({ outcome: "complete", method });
      expect(head.method).toBe(METHOD.UNREGISTERED);
      expect(flags.filter((flag) => ["SAFE", "IDEMPOTENT", "HEAD_METHOD"].includes(flag))).toEqual([]);
    }
  });
});

/** What is said of a head, with offsets that do not count the method. */
function judgedBehind(method: string, behind: string): { rule: string } & Record<string, unknown> {
  const { outcome, rule, refusalAt, flags, sent, head } = judge(method + behind);
  const from = method.length;
  return {
    outcome,
    rule,
    at: Math.max(0, refusalAt - from),
    end: Math.max(0, head.end - from),
    flags,
    sent: sent.slice(from),
    target: head.targetLength === 0 ? [] : [head.targetAt - from, head.targetLength],
  };
}

describe("the parser of Node.js", () => {
  /** Who waits for the verdict on the head of a connection, by the client's port. */
  const waiting = new Map<number | undefined, (verdict: string) => void>();
  let server: Server;
  let port: number;

  beforeAll(async () => {
    const ports = new WeakMap<object, number | undefined>();
    const tell = (socket: object, verdict: string): void => waiting.get(ports.get(socket))?.(verdict);
    const accept = ({ socket }: IncomingMessage): void => tell(socket, "accepted");
    server = createServer({ insecureHTTPParser: false, requestTimeout: 0 }, accept)
      .on("connection", (socket) => ports.set(socket, socket.remotePort))
      .on("checkContinue", accept)
      .on("checkExpectation", accept)
      .on("clientError", (error: NodeJS.ErrnoException, socket) => tell(socket, `refused: ${error.code}`))
      .listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** What Node.js, strict, makes of a whole head. */
  async function verdictOn(text: string): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const verdict = new Promise<string>((resolve) => {
      waiting.set(socket.localPort, resolve);
      // Node.js answers some heads itself, with 400 and a closed connection, and tells nobody.
      socket.on("data", (octets) => resolve(`refused: ${octets.toString("latin1").split("\r\n")[0]}`));
      socket.on("error", ({ message }) => resolve(`refused: ${message}`));
    });
    socket.write(text, "latin1");
    const said = await verdict;
    waiting.delete(socket.localPort);
    socket.destroy();
    return said;
  }

  test("accepts what is accepted here", async () => {
    let compared = 0;
    for (let seed = 0; seed < SPOILED_HEADS; seed++) {
      const text = spoiled(seed);
      const { outcome, head } = judge(text);
      if (outcome !== "complete") continue;
      compared++;
      const known = head.method === METHOD.UNREGISTERED ? "POST" : head.methodName;
      const asked = known + text.slice(head.start + head.methodName.length, head.end);
      expect({ seed, verdict: await verdictOn(asked) }).toEqual({
        seed,
        verdict: "accepted",
      });
    }
    expect(compared).toBeGreaterThan(SPOILED_HEADS / 50);
  });

  test("is asked in earnest: it refuses what llhttp refuses", async () => {
    expect(await verdictOn(get("A : b"))).toBe("refused: HPE_INVALID_HEADER_TOKEN");
    expect(await verdictOn(lines("GET / HTTP/1.1", "A: b"))).toBe("refused: HTTP/1.1 400 Bad Request");
  });
});
