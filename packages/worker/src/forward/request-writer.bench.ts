/**
 * What the head of a request costs on its way out: between being judged and being sent every request passes here.
 *
 * Run it: node packages/worker/src/forward/request-writer.bench.ts
 */

import { type Endpoint, type EntryPeer, Verdict } from "@shunt/core";
import { verdictOn } from "../test-exchange.ts";
import { composeRequestHead, ForwardedBy } from "./request-writer.ts";

const HEADS = 200_000;
const ROUNDS = 5;
const PEER: EntryPeer = { family: 4, words: [0x7f00_0001, 0, 0, 0], trusted: false };
const OURS: Endpoint = { address: { family: 4, words: PEER.words, text: "127.0.0.1" }, port: 8080 };
const BY = new ForwardedBy("127.0.0.1", { destination: OURS });
const ID = "h3kd83jdk2ls-4f5";

const BROWSER = `User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Language: en-US,en;q=0.5
Accept-Encoding: gzip, deflate, br, zstd
Cookie: tier=gold; session=0123456789abcdef0123456789abcdef
`.replaceAll("\n", "\r\n");

const HEADS_OF = {
  "short, nothing dropped": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "short, Connection dropped": "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
  "a browser's": `GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n${BROWSER}Connection: keep-alive\r\nPriority: u=0, i\r\n\r\n`,
  "absolute-form": "GET http://www.example.com/index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
};

/** A verdict whose ranges lie in memory of its own, as they lie in a batch. */
async function judged(octets: Buffer): Promise<Verdict> {
  const verdict = await verdictOn(octets, PEER);
  return Object.assign(new Verdict(), verdict);
}

for (const [name, head] of Object.entries(HEADS_OF)) {
  const octets = Buffer.from(head, "latin1");
  const verdict = await judged(octets);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < HEADS; i++) composeRequestHead(octets, verdict, BY, ID);
    best = Math.min(best, performance.now() - start);
  }
  console.log(`${name.padEnd(28)} ${((best * 1e6) / HEADS).toFixed(0).padStart(5)} ns`);
}
