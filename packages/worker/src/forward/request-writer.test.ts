import type { Endpoint, EntryPeer, Snapshot } from "@shunt/core";
import { expect, test } from "vitest";
import { verdictOn } from "../test-exchange.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { composeRequestHead, ForwardedBy } from "./request-writer.ts";

const STRANGER: EntryPeer = { family: 4, words: [1, 0, 0, 0], trusted: false };
const TRUSTED: EntryPeer = { ...STRANGER, trusted: true };
const OURS: Endpoint = {
  address: { family: 4, words: [0x0a00_0001, 0, 0, 0], text: "10.0.0.1" },
  port: 8080,
};
const BY = new ForwardedBy("192.0.2.7", { destination: OURS });

/** The head as a server gets it. */
async function sent(head: string, peer = STRANGER, by = BY, snapshot?: Snapshot): Promise<string> {
  const octets = Buffer.from(head, "latin1");
  const verdict = await verdictOn(octets, peer, snapshot ?? snapshotOf());
  expect(verdict.refusal).toBe(0);
  const received = octets.subarray(verdict.start, verdict.end);
  return Buffer.from(composeRequestHead(received, verdict, by, "id-1")).toString("latin1");
}

/** What we add, where the client is 192.0.2.7 and named the host `host`. */
const ours = (host: string): string =>
  `Via: 1.1 shunt\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${host}\r\n` +
  `Forwarded: for=192.0.2.7;host="${host}";proto=http\r\nX-Request-Id: id-1\r\n`;

test("composeRequestHead() sends the octets that were received, and what we add behind them", async () => {
  const head = "GET /a?b=%20#".slice(0, -1);
  expect(await sent(`${head} HTTP/1.1\r\nhOST:  A.example \r\nX-Odd:\t\xe9\r\n\r\n`)).toBe(
    `${head} HTTP/1.1\r\nhOST:  A.example \r\nX-Odd:\t\xe9\r\n${ours("A.example")}\r\n`,
  );
});

test("composeRequestHead() counts from the head's own start when others came before it", async () => {
  expect(await sent("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 1\r\nX: y\r\n\r\nGET /")).toBe(
    `GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n${ours("a")}\r\n`,
  );
});

test.each([
  ["start", "Keep-Alive: 1\r\nProxy-Connection: x\r\nHost: a\r\nX: y\r\n"],
  ["middle", "Host: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX: y\r\n"],
  ["end", "Host: a\r\nX: y\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nConnection: x-hop\r\n"],
  ["start, middle and end", "TE: gzip\r\nHost: a\r\nKeep-Alive: 1\r\nX: y\r\nConnection: close\r\n"],
])("composeRequestHead() leaves out fields of this connection at the %s of the head", async (_, fields) => {
  expect(await sent(`GET / HTTP/1.1\r\n${fields}\r\n`)).toBe(
    `GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n${ours("a")}\r\n`,
  );
});

test.each([
  ["Transfer-Encoding: chunked\t", "Transfer-Encoding: chunked"],
  ["TRANSFER-ENCODING:\tCHUNKED", "Transfer-Encoding: chunked"],
  ["Content-Length: 5\t", "Content-Length: 5"],
  ["Content-Length: 0000000000000005", "Content-Length: 5"],
  ["Content-Length:  00", "Content-Length: 0"],
])("composeRequestHead() says anew how content ends where not everybody reads it: %j", async (line, anew) => {
  expect(await sent(`POST / HTTP/1.1\r\nHost: a\r\n${line}\r\nX: y\r\n\r\n`)).toBe(
    `POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n${ours("a")}${anew}\r\n\r\n`,
  );
});

test.each([
  ["GET http://B:80/x?y HTTP/1.1\r\nHost: b:80", "GET /x?y HTTP/1.1\r\nHost: b:80", "B:80"],
  ["GET http://b HTTP/1.1\r\nHost: b", "GET / HTTP/1.1\r\nHost: b", "b"],
  ["GET http://b?q HTTP/1.1\r\nHost: b", "GET /?q HTTP/1.1\r\nHost: b", "b"],
  ["OPTIONS http://b HTTP/1.1\r\nHost: b", "OPTIONS * HTTP/1.1\r\nHost: b", "b"],
  ["OPTIONS http://b?q HTTP/1.1\r\nHost: b", "OPTIONS /?q HTTP/1.1\r\nHost: b", "b"],
  ["GET HTTP://b/ HTTP/1.1\r\nKeep-Alive: 1\r\nHost: b", "GET / HTTP/1.1\r\nHost: b", "b"],
])(
  "composeRequestHead() turns the absolute-form into the origin-form: %j",
  async (received, expected, host) => {
    expect(await sent(`${received}\r\n\r\n`)).toBe(`${expected}\r\n${ours(host)}\r\n`);
  },
);

test.each([
  ["GET / HTTP/1.0", "GET / HTTP/1.1", "10.0.0.1:8080", true],
  ["GET / HTTP/1.0\r\nHost: a", "GET / HTTP/1.1\r\nHost: a", "a", false],
  ["GET http://b/x HTTP/1.0", "GET /x HTTP/1.1", "b", true],
  ["GET http://b HTTP/1.0\r\nConnection: x", "GET / HTTP/1.1", "b", true],
])(
  "composeRequestHead() speaks HTTP/1.1 for a client of HTTP/1.0, with a Host: %j",
  async (received, expected, host, adds) => {
    const via = ours(host).replace("1.1 shunt", "1.0 shunt");
    expect(await sent(`${received}\r\n\r\n`)).toBe(
      `${expected}\r\n${via}${adds ? `Host: ${host}\r\n` : ""}\r\n`,
    );
  },
);

const FORWARDING =
  "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\n" +
  "Forwarded: for=203.0.113.9\r\nX-Request-Id: theirs\r\n";

test("composeRequestHead() drops what a stranger says about forwarding", async () => {
  expect(await sent(`GET / HTTP/1.1\r\nHost: a\r\n${FORWARDING}\r\n`)).toBe(
    `GET / HTTP/1.1\r\nHost: a\r\n${ours("a")}\r\n`,
  );
});

test("composeRequestHead() keeps what a trusted peer says about forwarding, and adds itself behind it", async () => {
  expect(await sent(`GET / HTTP/1.1\r\nHost: a\r\n${FORWARDING}\r\n`, TRUSTED)).toBe(
    `GET / HTTP/1.1\r\nHost: a\r\n${FORWARDING}Via: 1.1 shunt\r\nX-Forwarded-For: 192.0.2.7\r\n` +
      'Forwarded: for=192.0.2.7;host="a";proto=http\r\n\r\n',
  );
});

test("composeRequestHead() drops the field that names the user unless a trusted peer sends it", async () => {
  const snapshot = snapshotOf({ identity: { header: "X-User" }, trust: { peers: ["10.0.0.0/8"] } });
  const head = "GET / HTTP/1.1\r\nHost: a\r\nX-User: ann\r\n\r\n";
  expect(await sent(head, STRANGER, BY, snapshot)).not.toContain("ann");
  expect(await sent(head, TRUSTED, BY, snapshot)).toContain("\r\nX-User: ann\r\n");
});

test("composeRequestHead() writes an IPv6 peer as each field wants it", async () => {
  const head = await sent(
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    STRANGER,
    new ForwardedBy("2001:db8::1", { destination: OURS }),
  );
  expect(head).toContain("\r\nX-Forwarded-For: 2001:db8::1\r\n");
  expect(head).toContain('\r\nForwarded: for="[2001:db8::1]";host="a";proto=http\r\n');
});

test.each(["[::1]:80", "a;b=c", "a%22b", "(a)'", "a:8080"])(
  "composeRequestHead() keeps a host within the quotes of Forwarded: %s",
  async (host) => {
    const head = await sent(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(head).toContain(`\r\nForwarded: for=192.0.2.7;host="${host}";proto=http\r\n`);
  },
);

test.each([
  ["Connection: upgrade\r\nUpgrade: websocket\r\n", "Upgrade: websocket\r\n", "Connection: Upgrade\r\n"],
  ["Connection: TE\r\nTE: trailers\r\n", "", "TE: trailers\r\nConnection: TE\r\n"],
  [
    "TE: trailers\r\nConnection: TE, upgrade\r\nUpgrade: websocket\r\n",
    "Upgrade: websocket\r\n",
    "TE: trailers\r\nConnection: Upgrade, TE\r\n",
  ],
  ["Upgrade: websocket\r\n", "", ""],
])(
  "composeRequestHead() says in one Connection field what concerns the next connection: %j",
  async (fields, kept, added) => {
    expect(await sent(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)).toBe(
      `GET / HTTP/1.1\r\nHost: a\r\n${kept}${ours("a")}${added}\r\n`,
    );
  },
);

test("composeRequestHead() says Max-Forwards, Content-Length and Host anew where what was said is not sent", async () => {
  expect(await sent("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 100\r\n\r\n")).toBe(
    `OPTIONS * HTTP/1.1\r\nHost: a\r\n${ours("a")}Max-Forwards: 99\r\n\r\n`,
  );
  expect(await sent("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 05\t\r\n\r\n")).toBe(
    `POST / HTTP/1.1\r\nHost: a\r\n${ours("a")}Content-Length: 5\r\n\r\n`,
  );
  const lenient = snapshotOf({ leniency: { hostDiffers: true } });
  expect(await sent("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", STRANGER, BY, lenient)).toBe(
    `GET / HTTP/1.1\r\n${ours("b")}Host: b\r\n\r\n`,
  );
});

test("composeRequestHead() keeps what trusted peers say of a client, and what is like it from nobody", async () => {
  const said = "X-Forwarded-Port: 443\r\nX-Real-IP: 192.0.2.1\r\n";
  const like = "X_Forwarded_Port: 80\r\nX_Real_IP: 192.0.2.2\r\nX-Forwarded_Ssl: on\r\n";
  const head = `GET / HTTP/1.1\r\nHost: a\r\n${said}${like}\r\n`;
  const snapshot = snapshotOf({ trust: { peers: ["10.0.0.0/8"] } });
  expect(await sent(head, TRUSTED, BY, snapshot)).toBe(
    `GET / HTTP/1.1\r\nHost: a\r\n${said}${ours("a")}\r\n`,
  );
  expect(await sent(head, STRANGER, BY, snapshot)).toBe(`GET / HTTP/1.1\r\nHost: a\r\n${ours("a")}\r\n`);
});
