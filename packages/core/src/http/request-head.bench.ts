/**
 * What it costs to judge one request head: a small one, and one as browsers send it; and, beside it, what llhttp takes
 * of that. Run with `node packages/core/src/http/request-head.bench.ts`.
 */
import { FieldNames } from "./field-names.ts";
import { HEAD } from "./head-flags.ts";
import { HeadParser, LLHTTP } from "./parser.ts";
import { RequestHead } from "./request-head.ts";

const ROUNDS = 9;
const HEADS = 100_000;

const SMALL = ["GET /index.html HTTP/1.1", "Host: a.example", "Accept: */*"];
const BROWSER = [
  "GET /articles/2026/11/a-content-aware-balancer?page=2&sort=date HTTP/1.1",
  "Host: www.site.example",
  "Connection: keep-alive",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.7",
  "Referer: https://www.site.example/articles/2026/11/",
  "Cookie: session=0123456789abcdef0123456789abcdef; tier=gold; theme=dark",
  "X-Request-Id: 5b2f1f6e-9d5c-4a8e-8a7b-0c1d2e3f4a5b",
];

function octetsOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

const limits = { headBytes: 32_768, fields: 128, targetBytes: 16_384 };
const names = new FieldNames(["x-tenant", "accept-language"]);

/** Loaded anew for each head, as an acceptor does for a lone one. */
function judging(octets: Buffer): () => void {
  const head = new RequestHead(names, limits);
  return () => {
    head.load(octets, 0, octets.length);
    if (head.judge(0, octets.length, false) !== HEAD.COMPLETE) throw new Error(`refused: ${head.refusal}`);
  };
}

function parsing(octets: Buffer): () => void {
  const parser = new HeadParser("request");
  return () => {
    parser.load(octets, 0, octets.length);
    if (parser.parse(0, octets.length) !== LLHTTP.PAUSED_UPGRADE) throw new Error(`llhttp ${parser.code}`);
  };
}

/** Nanoseconds for one, of the best of several rounds: what is worse is the machine. */
function nanoseconds(once: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < HEADS; i++) once();
    best = Math.min(best, Number(process.hrtime.bigint() - began) / HEADS);
  }
  return best;
}

for (const lines of [SMALL, BROWSER]) {
  const octets = octetsOf(lines);
  const judged = nanoseconds(judging(octets)).toFixed(0);
  const parsed = nanoseconds(parsing(octets)).toFixed(0);
  console.log(
    `${octets.length} octets, ${lines.length - 1} fields: judged in ${judged} ns, of which llhttp ${parsed} ns`,
  );
}
