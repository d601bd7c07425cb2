import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { get, head, post } from "../support/raw-client.ts";
import { RawServer } from "../support/raw-server.ts";
import { field } from "../support/response-reader.ts";
import { SampleServer } from "../support/sample-server.ts";
import { poolOf, type RunningShunt, startShunt } from "../support/shunt.ts";

/** Requests with more content than their class allows. */

const MOST = 10;
const MIB = 2 ** 20;

/** Answers at once, before any content has come. */
const HASTY = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun";

let server: SampleServer;
let hasty: RawServer;
let shunt: RunningShunt;
/** Content that the server of the class "raw" got behind its heads, per request. */
const got: string[] = [];

beforeAll(async () => {
  server = await SampleServer.start("s");
  hasty = await RawServer.start("h", (socket, requestHead) => {
    const number = got.push("") - 1;
    socket.on("data", (chunk) => {
      got[number] += chunk.toString("latin1");
    });
    if (requestHead.includes("/hasty")) socket.write(HASTY);
  });
  shunt = await startShunt({
    pools: { all: poolOf(server), raw: poolOf(hasty) },
    classes: {
      all: { pool: "all" },
      small: { pool: "all", bodyBytes: MOST },
      raw: { pool: "raw", bodyBytes: MOST },
    },
    rules: [
      { name: "small", when: { path: { prefix: "/small" } }, class: "small" },
      { name: "raw", when: { path: { prefix: "/raw" } }, class: "raw" },
    ],
    defaultClass: "all",
  });
});

afterAll(async () => {
  await shunt?.[Symbol.asyncDispose]();
  await Promise.all([server?.[Symbol.asyncDispose](), hasty?.[Symbol.asyncDispose]()]);
});

const chunked = (target: string, ...fields: string[]): string =>
  head(`POST ${target} HTTP/1.1`, "Host: shunt.test", "Transfer-Encoding: chunked", ...fields);

group("Content-Length", () => {
  test("at the bound is served, and above it gets 413 at once, of which no server hears", async () => {
    using client = await shunt.connect();
    await client.send(post("/small/fits", "x".repeat(MOST)));
    expect((await client.response("POST")).status).toBe(200);
    const before = server.received.length;
    await client.send(
      head("POST /small/more HTTP/1.1", "Host: a", `Content-Length: ${MOST + 1}`, "Expect: 100-continue"),
    );
    const response = await client.response("POST");
    expect([response.status, field(response, "connection")]).toEqual([413, "close"]);
    expect(field(response, "proxy-status")).toContain("body-bytes");
    expect(await client.closes()).toBe(true);
    expect(server.received.length).toBe(before);
  });

  test("above the bound is refused in its turn, and what follows it is not read", async () => {
    using client = await shunt.connect();
    await client.send(get("/small/1") + post("/small/2", "x".repeat(MOST + 1)) + get("/small/3"));
    expect((await client.responses(2)).map(({ status }) => status)).toEqual([200, 413]);
    expect(await client.closes()).toBe(true);
    expect(server.targets).not.toContain("/small/3");
  });

  test("is not bounded in a class that has no bound", async () => {
    using client = await shunt.connect();
    await client.send(post("/large", "x".repeat(MIB)));
    expect((await client.response("POST")).text).toHaveLength("s POST /large ".length + MIB);
  });
});

group("chunks", () => {
  test("whose data is at the bound are served, however much framing is around it", async () => {
    using client = await shunt.connect();
    const chunks = "1;extension=long\r\nx\r\n".repeat(MOST);
    await client.send(`${chunked("/small/chunks")}${chunks}0\r\nA: ${"b".repeat(50)}\r\n\r\n`);
    expect((await client.response("POST")).text).toBe(`s POST /small/chunks ${"x".repeat(MOST)}`);
  });

  test("whose data grows beyond the bound get 413, and the server never sees the end of them", async () => {
    using client = await shunt.connect();
    const connections = hasty.connections;
    await client.send(chunked("/raw"));
    await eventually(
      () => got.length,
      (requests) => requests === 1,
    );
    await client.send("5\r\nhello\r\n");
    await eventually(
      () => got.at(-1),
      (octets) => octets === "5\r\nhello\r\n",
    );
    await client.send("6\r\n");
    const response = await client.response("POST");
    expect([response.status, field(response, "connection")]).toEqual([413, "close"]);
    expect(await client.closes()).toBe(true);
    await eventually(
      () => hasty.open.size,
      (open) => open === 0,
    );
    expect([got.at(-1), hasty.connections]).toEqual(["5\r\nhello\r\n", connections + 1]);
  });

  test("beyond the bound behind an answer that has begun end the client's connection, and the server's", async () => {
    using client = await shunt.connect();
    await client.send(`${chunked("/raw/hasty")}5\r\nhello\r\n`);
    expect(await client.take(12)).toBe("HTTP/1.1 200");
    await client.send("6\r\n");
    await expect(client.rest()).resolves.toMatch(/begun$/);
    await eventually(
      () => hasty.open.size,
      (open) => open === 0,
    );
    const lines = await eventually(
      async () => (await shunt.accessLog(0)).filter(({ target }) => target === "/raw/hasty"),
      ({ length }) => length > 0,
    );
    expect(lines).toMatchObject([{ status: 200, ended: "PR" }]);
  });
});

group("a client that uploads much more than it may", () => {
  const upload = (): string => {
    const file = join(shunt.directory, "large.bin");
    writeFileSync(file, "");
    truncateSync(file, 200 * MIB);
    return file;
  };

  /** What curl got to read, and how it ended. */
  async function curl(...options: string[]): Promise<string> {
    const all = ["-sS", "-o", join(shunt.directory, "answer"), "-w", "%{http_code}", ...options];
    const { stdout, stderr } = await promisify(execFile)("curl", all);
    return stdout + stderr;
  }

  test("gets to read the 413 when it is curl, with and without waiting for 100, with a length and in chunks", async () => {
    const target = `${shunt.url}/small/upload`;
    const file = upload();
    expect(await curl("-T", file, target)).toBe("413");
    expect(await curl("-T", file, "-H", "Expect:", target)).toBe("413");
    expect(await curl("-T", file, "-H", "Expect:", "-H", "Transfer-Encoding: chunked", target)).toBe("413");
  });

  test("gets to read the 413 when it sends 32 MiB before it looks", async () => {
    using client = await shunt.connect();
    const length = 32 * MIB;
    client.socket.pause();
    await client.send(head("POST /small/blind HTTP/1.1", "Host: a", `Content-Length: ${length}`));
    for (let sent = 0; sent < length; sent += MIB) await client.send(Buffer.alloc(MIB, "x"));
    expect((await client.response("POST")).status).toBe(413);
    expect(await client.closes()).toBe(true);
  });
});

test("refused content is counted and logged by its rule", async () => {
  await eventually(
    () => shunt.metric("shunt_requests_refused_total", 'rule="body-bytes"'),
    (count) => count >= 5,
  );
  expect(shunt.logged("request refused")[0]).toMatchObject({ rule: "body-bytes", status: 413 });
});
