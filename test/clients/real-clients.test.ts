import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Pool } from "undici";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { needs, output } from "../support/programs.ts";
import { echo, type Handler, SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt } from "../support/shunt.ts";

/** The clients that people use, against the product as it stands. */

const RESOURCES = 50;
const TEXT = "0123456789".repeat(10_000);

let one: SampleServer;
let two: SampleServer;
let shunt: RunningShunt;
/** A file of 5 MiB, and the digest that whoever got all of it tells. */
let file: string;
let digest: string;

const pages: Handler = async (request, response, sample) => {
  const path = request.url ?? "";
  if (path === "/page") response.setHeader("content-type", "text/html").end(page());
  else if (path.startsWith("/script/")) response.setHeader("content-type", "text/javascript").end("loaded++");
  else if (path === "/digest") await tellDigest(request, response);
  else if (path === "/text") tellText(request, response);
  else await echo(request, response, sample);
};

/** Says in its body how many of its scripts came, as a person would see it. */
function page(): string {
  const scripts = Array.from({ length: RESOURCES }, (_, i) => `<script async src="/script/${i}"></script>`);
  return `<script>var loaded = 0; addEventListener("load", () => { document.body.textContent = loaded + " loaded" })</script>
    <body>${scripts.join("\n")}</body>`;
}

const tellDigest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const hash = createHash("sha256");
  for await (const chunk of request) hash.update(chunk);
  response.end(hash.digest("hex"));
};

const tellText = (request: IncomingMessage, response: ServerResponse): void => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined || last === undefined) response.setHeader("content-length", TEXT.length).end(TEXT);
  else {
    response.writeHead(206, { "content-range": `bytes ${first}-${last}/${TEXT.length}` });
    response.end(TEXT.slice(Number(first), Number(last) + 1));
  }
};

beforeAll(async () => {
  one = await SampleServer.start("one", pages);
  two = await SampleServer.start("two", pages);
  shunt = await startShunt({ ...onePool(one, two), acceptors: 2 });
  file = join(shunt.directory, "upload");
  const content = Buffer.alloc(5 * 2 ** 20, "all the same, yet long\n");
  writeFileSync(file, content);
  digest = createHash("sha256").update(content).digest("hex");
});

/** Whoever the client is: nothing is left behind. */
afterEach(() => shunt.quiet());

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

const curl = (...args: string[]) => output("curl", "--silent", "--show-error", "--max-time", "30", ...args);
const WRITE_VERSION = ["--write-out", "\n%{http_version} %{http_code} %{num_connects}\n"];

test.for(["1.0", "1.1"])(
  "curl speaks HTTP/%s, and several transfers of it share a connection",
  async (version, context) => {
    needs(context, "curl", "curl");
    const flags = version === "1.0" ? ["--http1.0", "-H", "Connection: keep-alive"] : ["--http1.1"];
    const urls = ["/a", "/b", "/c"].flatMap((path) => ["-o", "-", shunt.url + path]);
    const lines = (await curl(...flags, ...WRITE_VERSION, ...urls)).split("\n");
    const transfers = lines.filter((line) => /^1\.\d /.test(line));
    // A response is of HTTP/1.1 to a client of HTTP/1.0 too (RFC 9110, section 2.5).
    expect(transfers.map((line) => line.split(" ").slice(1))).toEqual([
      ["200", "1"],
      ["200", "0"],
      ["200", "0"],
    ]);
    expect(lines.join(" ")).toMatch(/GET \/a .*GET \/b .*GET \/c/);
  },
);

test.for([
  ["with a length", "-T", "FILE"],
  ["as a form's content", "--data-binary", "@FILE"],
  ["in chunks", "-T", "FILE", "-H", "Transfer-Encoding: chunked"],
  [
    "with Expect, and without patience",
    "-T",
    "FILE",
    "-H",
    "Expect: 100-continue",
    "--expect100-timeout",
    "0.001",
  ],
  ["with Expect, and with patience", "-T", "FILE", "-H", "Expect: 100-continue", "--expect100-timeout", "60"],
  ["with HTTP/1.0", "--http1.0", "-T", "FILE"],
])("curl uploads 5 MiB %s", async ([, ...flags], context) => {
  needs(context, "curl", "curl");
  const args = flags.map((flag) => flag.replace("FILE", file));
  expect(await curl(...args, `${shunt.url}/digest`)).toBe(digest);
});

test("curl gets a range, a head, and compressed transfers as the server gave them", async (context) => {
  needs(context, "curl", "curl");
  expect(await curl("--range", "5-14", `${shunt.url}/text`)).toBe("5678901234");
  expect(await curl("--head", `${shunt.url}/text`)).toMatch(
    /^HTTP\/1.1 200 OK\r\n(.+\r\n)*content-length: 100000\r\n/i,
  );
  expect(await curl("--compressed", `${shunt.url}/text`)).toBe(TEXT);
});

test("ab has no failed request, with kept connections and with a new one for each", async (context) => {
  needs(context, "ab", "apache2-utils");
  for (const flags of [["-k"], []]) {
    const report = await output("ab", "-q", ...flags, "-n", "2000", "-c", "20", `${shunt.url}/text`);
    expect(report).toMatch(/Complete requests:\s+2000\n/);
    expect(report).toMatch(/Failed requests:\s+0\n/);
    expect(report).not.toMatch(/Non-2xx/);
  }
});

test("wrk sees no socket error and no other status", async (context) => {
  needs(context, "wrk", "wrk");
  const report = await output("wrk", "-t", "1", "-c", "20", "-d", "2s", `${shunt.url}/text`);
  expect(report).toMatch(/ requests in /);
  expect(report).not.toMatch(/Socket errors|Non-2xx/);
});

test("h2load gets all it asks for over HTTP/1.1, pipelined too", async (context) => {
  needs(context, "h2load", "nghttp2-client");
  for (const depth of ["1", "8"]) {
    const report = await output("h2load", "--h1", "-n", "2000", "-c", "10", "-m", depth, `${shunt.url}/text`);
    expect(report).toMatch(
      /2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/,
    );
  }
});

const PYTHON = `
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=20)
for i in range(20):
    connection.request("GET", f"/{i}")
    response = connection.getresponse()
    assert response.status == 200 and f"GET /{i}".encode() in response.read(), i
with open(sys.argv[3], "rb") as upload:
    connection.request("POST", "/digest", body=upload)
    print(connection.getresponse().read().decode())
connection.request("POST", "/digest", body=iter([b"in ", b"chunks"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
print(connection.getresponse().read().decode())
`;

test("Python's http.client keeps its connection, and uploads with a length and in chunks", async (context) => {
  needs(context, "python3", "python3");
  const { hostname, port } = new URL(shunt.url);
  const [whole, chunks] = (await output("python3", "-c", PYTHON, hostname, port, file)).split("\n");
  expect(whole).toBe(digest);
  expect(chunks).toBe(createHash("sha256").update("in chunks").digest("hex"));
});

test("Node's fetch gets and posts, many at once", async () => {
  const texts = Array.from({ length: 200 }, async (_, i) => {
    const options = i % 2 === 0 ? {} : { method: "POST", body: `content ${i}` };
    return await (await fetch(`${shunt.url}/${i}`, options)).text();
  });
  for (const [i, text] of (await Promise.all(texts)).entries())
    expect(text).toMatch(i % 2 === 0 ? `GET /${i}` : `POST /${i} content ${i}`);
});

test("Node's http.Agent reuses its connection", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 20; i++) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(`${shunt.url}/${i}`, { agent }, resolve).on("error", reject);
      request.on("response", () => ports.add(request.socket?.localPort)).end();
    });
    expect((await response.toArray()).join("")).toContain(`GET /${i}`);
  }
  agent.destroy();
  expect(ports.size).toBe(1);
});

test("undici pipelines ten deep on one connection, and every answer is its own", async () => {
  const pool = new Pool(shunt.url, { connections: 1, pipelining: 10 });
  const texts = Array.from({ length: 500 }, async (_, i) => {
    const { body } = await pool.request({ method: "GET", path: `/${i}` });
    return await body.text();
  });
  for (const [i, text] of (await Promise.all(texts)).entries())
    expect(text).toMatch(new RegExp(`GET /${i}$`));
  await pool.close();
});

test(`Chromium loads a page of ${RESOURCES} resources`, async (context) => {
  needs(context, "chromium", "chromium");
  const profile = join(shunt.directory, "chromium");
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    `--user-data-dir=${profile}`,
  ];
  const dom = await output("chromium", ...flags, "--dump-dom", `${shunt.url}/page`);
  expect(dom).toContain(`${RESOURCES} loaded`);
});
