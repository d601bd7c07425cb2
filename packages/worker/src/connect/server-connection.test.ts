import type { Socket } from "node:net";
import type { Snapshot } from "@shunt/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { later, Received, TestServer, until } from "../test-peers.ts";
import { ToldByServer } from "../test-server-events.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Attempt } from "../track/attempt.ts";
import { Backend } from "./backend.ts";
import { Overdue } from "./overdue.ts";
import { ResponseHeads } from "./response-heads.ts";
import { ServerConnection } from "./server-connection.ts";

const snapshot: Snapshot = snapshotOf();
const { timeouts, limits } = snapshot.config;
const get = (fields = ""): string => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const GET = get();
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

let loop: TestLoop;
let listener: TestListener;
let open: OpenClient;
let server: TestServer;
let backend: Backend;
let told: ToldByServer;
let connection: ServerConnection;

beforeEach(async () => {
  loop = new TestLoop();
  listener = await TestListener.listen(loop);
  open = await listener.open();
  server = await TestServer.listen();
  backend = backendAt(server.port);
  told = new ToldByServer();
});
afterEach(() => {
  connection.destroy();
  open.client.destroy();
  listener.close();
  server.close();
  expect(backend.connections).toBe(0);
});

function backendAt(port: number, host = "127.0.0.1"): Backend {
  const name = { name: "s1", host, port, authority: `${host}:${port}`, weight: 1, state: "ready" } as const;
  return new Backend("general", name, () => loop.now);
}

function establish(): ServerConnection {
  const shared = { overdue: new Overdue(), mayRelieve: () => true };
  const parts = { ...loop.parts, ...shared, heads: new ResponseHeads(limits), events: told };
  connection = new ServerConnection(backend, snapshot.config, parts);
  return connection;
}

/** Sends a request on the connection, as serve.ts does. */
async function begin(head = GET, config = snapshot.config): Promise<Attempt> {
  const attempt = new Attempt(await exchangeOf(open.client, head, snapshot), backend, 1, false, [], loop.now);
  attempt.connection = connection;
  connection.begin(attempt, config);
  return attempt;
}

/** A new connection, with a request on it that the server has received. */
async function requested(head = GET): Promise<{ attempt: Attempt; peer: Socket; received: Received }> {
  establish();
  const attempt = await begin(head);
  const peer = await server.accept();
  const received = new Received(peer);
  await received.until(({ text }) => text.includes("\r\n\r\n"));
  return { attempt, peer, received };
}

/** A connection that lies idle behind one exchange. */
async function idle(response = OK): Promise<{ peer: Socket; received: Received }> {
  const { peer, received } = await requested();
  peer.write(response);
  await until(() => connection.state !== "busy");
  told.told.length = 0;
  told.body_ = "";
  return { peer, received };
}

const toldOf = (...names: string[]): Promise<void> =>
  until(() => names.every((name) => told.told.some((each) => each.startsWith(name))));

describe("a response", () => {
  test("ServerConnection tells how loaded a server says that it is, where its pool listens, and else nothing", async () => {
    const loaded = OK.replace("\r\n", "\r\nShunt-Load: 0.7\r\n");
    const { peer, received } = await requested();
    peer.write(loaded);
    await until(() => connection.state === "idle");
    expect(told.told).not.toContain("announced 0.7");
    backend.listen(true, { from: "response" });
    await begin();
    await received.until(({ text }) => text.split("\r\n\r\n").length > 2);
    peer.write(loaded);
    await toldOf("announced 0.7");
  });

  test("ServerConnection is free for the next exchange before the first is told that its response is complete", async () => {
    const { attempt, peer } = await requested();
    let state = "";
    told.onHead = () => {
      state = connection.state;
    };
    peer.write(OK);
    await toldOf("head 200");
    expect(told.told).toEqual(["connected", "head 200, complete"]);
    expect(told.body_).toBe("ok");
    expect([state, attempt.connection, connection.attempt]).toEqual(["idle", undefined, undefined]);
    expect(backend.checkOut()).toBe(connection);
  });

  test("ServerConnection understands a response that comes octet by octet", async () => {
    const { peer } = await requested();
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    for (const octet of chunked) {
      peer.write(octet);
      await later();
    }
    await toldOf("complete");
    expect(told.told).toEqual(["connected", "head 200", "complete"]);
    expect(told.body_).toBe("2\r\nok\r\n0\r\n\r\n");
  });

  test("ServerConnection bounds the extensions of an answer chunk by chunk", async () => {
    const { peer } = await requested();
    const signed = `2;s=${"a".repeat(limits.chunkExtensionBytes - 3)}\r\nok\r\n`;
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await toldOf("head 200");
    peer.write(`${signed.repeat(3)}0\r\n\r\n`);
    await toldOf("complete");
    expect(told.body_).toBe(`${"2\r\nok\r\n".repeat(3)}0\r\n\r\n`);
  });

  test("ServerConnection hands on interim responses, however they are cut, and then the final one", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 10");
    await toldOf("interim 103");
    peer.write(`2 Processing\r\n\r\n${OK}`);
    await toldOf("head");
    expect(told.told).toEqual([
      "connected",
      "interim 100",
      "interim 103",
      "interim 102",
      "head 200, complete",
    ]);
    expect(connection.state).toBe("idle");
  });

  test("ServerConnection gives up a server that sends interim responses without end", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000));
    await toldOf("failed");
    expect(told.told.filter((each) => each.startsWith("interim"))).toHaveLength(256);
    expect(told.told.at(-1)).toBe("failed http_protocol_error: more than 256 interim responses");
  });

  test("ServerConnection gives up a server whose interim responses are more than may wait for a client", async () => {
    const { peer } = await requested();
    const hints = `HTTP/1.1 103 Early Hints\r\nLink: ${"x".repeat(20_000)}\r\n\r\n`;
    const most = Math.floor(limits.responseBufferBytes / hints.length);
    peer.write(hints.repeat(most + 1));
    await toldOf("failed");
    expect(told.told.filter((each) => each.startsWith("interim"))).toHaveLength(most);
    expect(told.failure?.code).toBe("http_protocol_error");
  });

  test("ServerConnection passes on a body until the server closes, and is not used again", async () => {
    const { attempt, peer } = await requested();
    peer.write("HTTP/1.1 200 OK\r\n\r\nsome ");
    await toldOf("head");
    peer.end("more");
    await toldOf("complete");
    expect(told.body_).toBe("some more");
    expect([connection.state, attempt.connection]).toEqual(["closed", undefined]);
    expect(backend.checkOut()).toBeUndefined();
  });

  test("ServerConnection takes the chunks away for a client of HTTP/1.0", async () => {
    const { peer } = await requested("GET / HTTP/1.0\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await toldOf("head");
    peer.write("2;x=y\r\nde\r\n0\r\nX-Sum: z\r\n\r\n");
    await toldOf("complete");
    expect(told.body_).toBe("abcde");
    expect(connection.state).toBe("idle");
  });

  test("ServerConnection expects no body behind the answer to HEAD", async () => {
    const { peer } = await requested("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    await toldOf("head");
    expect(told.told.at(-1)).toBe("head 200, complete");
    expect(connection.state).toBe("idle");
  });

  test.each([
    ["surplus octets", `${OK}HTTP`],
    ["Connection: close", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["surplus octets behind chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx"],
  ])("ServerConnection is not used again behind %s", async (_, response) => {
    const { peer } = await requested();
    peer.write(response);
    await toldOf("head");
    expect(told.told.at(-1)).toBe("head 200, complete");
    expect(connection.state).toBe("closed");
    expect(backend.checkOut()).toBeUndefined();
  });

  test("ServerConnection is not used again when the response came before all content was sent", async () => {
    const { peer } = await requested("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    await toldOf("head 413");
    expect(connection.state).toBe("closed");
  });

  test("ServerConnection closes itself when enough lie idle already", async () => {
    establish();
    await begin(GET, { ...snapshot.config, limits: { ...limits, idlePerServer: 0 } });
    const peer = await server.accept();
    peer.write(OK);
    await toldOf("head");
    expect(connection.state).toBe("closed");
  });
});

describe("a server that does wrong", () => {
  test.each([
    ["NONSENSE\r\n\r\n", "http_protocol_error"],
    ["HTTP/1.1 200 OK\nContent-Length: 0\n\n", "http_protocol_error"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "http_protocol_error"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "http_protocol_error"],
    ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "http_upgrade_failed"],
    [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(40_000)}`, "http_response_header_section_size"],
    [`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(200)}\r\n`, "http_response_header_section_size"],
  ])("ServerConnection fails the attempt and closes: %j", async (response, code) => {
    const { attempt, peer } = await requested();
    peer.write(response);
    await toldOf("failed");
    expect(told.failure?.code).toBe(code);
    expect([connection.state, attempt.connection]).toEqual(["closed", undefined]);
    expect(told.told.some((each) => each.startsWith("head"))).toBe(false);
  });

  test("ServerConnection fails the attempt when the chunks break in mid-body", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
    await toldOf("head");
    peer.write("zz\r\n");
    await toldOf("failed");
    expect(told.told).toEqual(["connected", "head 200", "failed http_protocol_error: body: chunk"]);
    expect(told.body_).toBe("2\r\nok\r\n");
  });

  const ends = { FIN: (peer: Socket) => peer.end(), RST: (peer: Socket) => peer.resetAndDestroy() };
  const stages = [
    ["before a response", "", "connection_terminated"],
    ["in an interim response", "HTTP/1.1 100 Continue\r\n", "http_response_incomplete"],
    ["behind an interim response", "HTTP/1.1 100 Continue\r\n\r\n", "connection_terminated"],
    ["in the head", "HTTP/1.1 200 OK\r\nCont", "http_response_incomplete"],
    ["in a body with length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "http_response_incomplete"],
    ["in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no", "http_response_incomplete"],
    [
      "before the last chunk",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
      "http_response_incomplete",
    ],
  ] as const;
  describe.each(["FIN", "RST"] as const)("%s", (end) => {
    test.each(stages)(
      "ServerConnection fails the attempt once when it ends %s",
      async (_, response, code) => {
        const { attempt, peer } = await requested();
        if (response !== "") {
          const wanted = response.endsWith("\r\n\r\n")
            ? "interim"
            : response.includes("\r\n\r\n")
              ? "head"
              : "";
          peer.write(response);
          await toldOf(wanted);
          for (let i = 0; i < 5; i++) await later();
        }
        ends[end](peer);
        await toldOf("failed");
        await later();
        expect(told.told.filter((each) => each.startsWith("failed"))).toHaveLength(1);
        expect(told.failure?.code).toBe(code);
        expect([connection.state, attempt.connection, attempt.unsent]).toEqual(["closed", undefined, false]);
      },
    );
  });

  test("ServerConnection does not take a reset for the end of a body that ends with the connection", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 200 OK\r\n\r\nsome");
    await toldOf("head");
    peer.resetAndDestroy();
    await toldOf("failed");
    expect(told.failure?.code).toBe("http_response_incomplete");
  });
});

describe("a server that answers before it has read all content, and resets", () => {
  const UPLOAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";

  /** Answers, resets, and has content sent before what it said is read: both within one turn of the loop. */
  async function answered(response: string): Promise<void> {
    const { peer } = await requested(UPLOAD);
    connection.send(Buffer.alloc(1_000, "x"));
    await later();
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        peer.write(response);
        peer.resetAndDestroy();
        const arrived = performance.now() + 50;
        while (performance.now() < arrived);
        connection.lend(Buffer.alloc(20_000, "x"), Buffer.alloc(20_000));
        resolve();
      });
    });
  }

  test("ServerConnection reads its answer, and is not used again", async () => {
    await answered("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    await toldOf("head 413");
    expect([told.told.at(-1), told.body_, connection.state]).toEqual(["head 413, complete", "no", "closed"]);
  });

  test.each([
    ["that breaks off", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nno"],
    ["that ends with the connection", "HTTP/1.1 413 Content Too Large\r\n\r\nno"],
  ])("ServerConnection takes no answer for complete %s", async (_, response) => {
    await answered(response);
    await toldOf("failed");
    expect([told.told.includes("complete"), told.failure?.code]).toEqual([false, "http_response_incomplete"]);
  });

  test("ServerConnection says that the server closed, if it said nothing", async () => {
    await answered("");
    await toldOf("failed");
    expect([told.failure?.code, connection.state]).toEqual(["connection_terminated", "closed"]);
  });
});

describe("an idle connection", () => {
  test("ServerConnection carries one exchange after the other", async () => {
    const { peer, received } = await idle();
    expect(backend.checkOut()).toBe(connection);
    const attempt = await begin();
    expect([attempt.onReused, connection.carried, backend.connections]).toEqual([true, 2, 1]);
    await received.until(({ text }) => text.split("\r\n\r\n").length === 3);
    peer.write(OK);
    await toldOf("head");
    expect(told.told).toEqual(["head 200, complete"]);
  });

  test.each([
    [
      "says something",
      (peer: Socket) => peer.write("HTTP/1.1 408 Request Timeout\r\n\r\n"),
      "unsolicited octets",
    ],
    ["closes", (peer: Socket) => peer.end(), "closed by the server"],
    ["resets", (peer: Socket) => peer.resetAndDestroy(), "ECONNRESET"],
  ])("ServerConnection leaves the idle ones when the server %s", async (_, act, reason) => {
    const { peer } = await idle();
    act(peer);
    await toldOf("closed idle");
    expect(told.told).toEqual([`closed idle: ${reason}`]);
    expect(backend.checkOut()).toBeUndefined();
  });

  test("ServerConnection closes when it stays idle", async () => {
    await idle();
    loop.pass(timeouts.serverIdleMs);
    expect(told.told).toEqual(["closed idle: idle for too long"]);
    expect(connection.state).toBe("closed");
  });

  test("ServerConnection does not take what came before the request had left for its answer", async () => {
    const { peer } = await idle();
    const attempt = new Attempt(await exchangeOf(open.client, GET, snapshot), backend, 1, false, [], 0);
    // In a timer's callback: what is there by its end is read before the end of its turn.
    setTimeout(() => {
      peer.write(OK);
      const arrived = performance.now() + 50;
      while (performance.now() < arrived);
      backend.checkOut()?.begin(attempt, snapshot.config);
    });
    await until(() => told.told.length > 0);
    expect(told.told).toEqual(["failed connection_terminated: unsolicited octets"]);
    expect([attempt.unsent, attempt.onReused]).toEqual([true, true]);
  });
});

describe("credentials that belong to the connection", () => {
  test("ServerConnection is kept for its client alone from then on, for requests without credentials too", async () => {
    const { peer, received } = await requested(get("Authorization: NTLM abc\r\n"));
    peer.write(OK);
    await toldOf("head");
    expect(backend.checkOut()).toBeUndefined();
    expect(open.client.own.takeBound(backend)).toBe(connection);
    await begin();
    await received.until(({ text }) => text.split("\r\n\r\n").length === 3);
    peer.write(OK);
    await until(() => connection.state === "idle");
    expect(backend.checkOut()).toBeUndefined();
    expect(open.client.own.takeBound(backend)).toBe(connection);
  });

  test("ServerConnection that is kept for a client ends with it", async () => {
    const { peer, received } = await requested(get("Authorization: Negotiate abc\r\n"));
    peer.write(OK);
    await toldOf("head");
    open.client.destroy();
    await received.untilEnd();
    expect(connection.state).toBe("closed");
  });
});

describe("time limits", () => {
  test("ServerConnection fails an attempt whose connection is not established in time", async () => {
    establish();
    const attempt = await begin();
    loop.pass(timeouts.connectMs);
    expect(told.told).toEqual(["failed connection_timeout: timeouts.connectMs"]);
    expect([connection.state, attempt.connection]).toEqual(["closed", undefined]);
  });

  test("ServerConnection waits for the response as long as content or interim responses flow, and no longer", async () => {
    const { attempt, peer } = await requested("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    loop.pass(timeouts.responseMs - 1_000);
    connection.send(Buffer.from("1"));
    attempt.exchange.contentSent = true;
    loop.pass(timeouts.responseMs - 1_000);
    peer.write("HTTP/1.1 102 Processing\r\n\r\n");
    await toldOf("interim");
    loop.pass(timeouts.responseMs - 1_000);
    expect(told.failure).toBeUndefined();
    loop.pass(1_000);
    expect(told.told.at(-1)).toBe("failed http_response_timeout: timeouts.responseMs");
  });

  test("ServerConnection holds nothing against a server while content is for the client to send", async () => {
    const { peer } = await requested("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    loop.turn.touch();
    await later();
    loop.pass(10 * timeouts.responseMs);
    expect(told.failure).toBeUndefined();
    peer.write(OK);
    await toldOf("head 200");
  });

  test("ServerConnection does not wait for content that waits for the server to say 100", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    await requested(head);
    loop.pass(timeouts.responseMs);
    expect(told.told.at(-1)).toBe("failed http_response_timeout: timeouts.responseMs");
    const { peer } = await requested(head);
    peer.write("HTTP/1.1 100 Continue\r\n\r\n");
    await toldOf("interim 100");
    told.failure = undefined;
    loop.pass(10 * timeouts.responseMs);
    expect(told.failure).toBeUndefined();
  });

  test("ServerConnection fails an attempt whose body pauses for too long", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    await toldOf("head");
    loop.pass(timeouts.bodyIdleMs - 1_000);
    peer.write("1");
    await until(() => told.body_ === "1");
    loop.pass(timeouts.bodyIdleMs - 1_000);
    expect(told.failure).toBeUndefined();
    loop.pass(1_000);
    expect(told.told.at(-1)).toBe("failed http_response_timeout: timeouts.bodyIdleMs");
  });

  test("ServerConnection holds nothing against a server that it does not read from, until it reads again", async () => {
    const { peer } = await requested();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    await toldOf("head");
    connection.pause();
    connection.pause();
    peer.write(Buffer.alloc(500_000, "x"));
    loop.pass(10 * timeouts.bodyIdleMs);
    for (let i = 0; i < 10; i++) await later();
    expect([told.failure, told.body_]).toEqual([undefined, ""]);
    connection.resume();
    await until(() => told.body_.length === 500_000);
    loop.pass(timeouts.bodyIdleMs);
    expect(told.told.at(-1)).toBe("failed http_response_timeout: timeouts.bodyIdleMs");
  });
});

describe("connecting", () => {
  test("ServerConnection says that the server refused", async () => {
    const { port } = server;
    server.close();
    await until(() => true);
    backend = backendAt(port);
    establish();
    await begin();
    await toldOf("failed");
    expect(told.failure?.code).toBe("connection_refused");
    expect(connection.state).toBe("closed");
  });

  test("ServerConnection says that the server has no address", async () => {
    backend = backendAt(80, "no..such..name");
    establish();
    await begin();
    await toldOf("failed");
    expect(told.failure?.code).toBe("dns_error");
  });

  test("ServerConnection tells nobody when it is destroyed, however often, and counts itself once", async () => {
    establish();
    const another = connection;
    establish();
    expect(backend.connections).toBe(2);
    await begin();
    another.destroy();
    another.destroy();
    connection.destroy();
    connection.destroy();
    expect(backend.connections).toBe(0);
    for (let i = 0; i < 10; i++) await later();
    expect(told.told).toEqual([]);
  });
});

describe("content", () => {
  test("ServerConnection asks for a pause when the server does not read, and tells when it does again", async () => {
    const { peer, received } = await requested(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    peer.pause();
    const piece = Buffer.alloc(65_536, "x");
    let sent = 0;
    const head = received.count;
    do sent += piece.length;
    while (connection.send(piece));
    await later();
    for (; sent < 16 * 1_048_576; sent += piece.length) connection.send(piece);
    for (let i = 0; i < 10; i++) await later();
    told.told.length = 0;
    expect(connection.send(piece)).toBe(false);
    sent += piece.length;
    await later();
    expect(told.told).toEqual([]);
    peer.resume();
    await toldOf("writable");
    await received.until(({ count }) => count === head + sent);
  });
});

describe("a tunnel", () => {
  const UPGRADE = get("Connection: upgrade\r\nUpgrade: websocket\r\n");
  const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

  test("ServerConnection becomes a tunnel, and passes octets both ways and each end by itself", async () => {
    const { peer, received } = await requested(UPGRADE);
    peer.write(`${SWITCHING}first`);
    await toldOf("upgraded");
    peer.write(" second");
    await until(() => told.body_ === "first second");
    connection.send(Buffer.from("hello"));
    await received.untilText("hello");
    await new Promise<void>((sent) => connection.end(sent));
    expect(connection.sentAll).toBe(true);
    await received.until(({ ended }) => ended);
    peer.end(" third");
    await toldOf("tunnel ended");
    expect(told.body_).toBe("first second third");
  });

  test.each([
    ["names none", "Upgrade: websocket\r\n", ""],
    ["names another", "Upgrade: websocket", "Upgrade: h2c"],
  ])("ServerConnection refuses a 101 whose protocol was not asked for: it %s", async (_, before, after) => {
    const { peer } = await requested(UPGRADE);
    peer.write(SWITCHING.replace(before, after));
    await toldOf("failed http_upgrade_failed: 101 to another protocol than was asked for");
    expect(connection.state).toBe("closed");
  });

  test("ServerConnection resets a tunnel that breaks off: no FIN says that it was whole", async () => {
    const { peer } = await requested(UPGRADE);
    const reset = new Promise((resolve) => peer.once("error", resolve));
    peer.write(SWITCHING);
    await toldOf("upgraded");
    connection.destroy();
    expect(await reset).toMatchObject({ code: "ECONNRESET" });
  });

  test("ServerConnection may refuse the upgrade and answer as usual", async () => {
    const { peer } = await requested(UPGRADE);
    peer.write(OK);
    await toldOf("head 200");
    expect(connection.state).toBe("idle");
  });

  test("ServerConnection ends a tunnel in which nothing moves, whether or not it is read from", async () => {
    for (const paused of [false, true]) {
      told = new ToldByServer();
      const { peer } = await requested(UPGRADE);
      peer.write(SWITCHING);
      await toldOf("upgraded");
      if (paused) connection.pause();
      loop.pass(timeouts.tunnelIdleMs);
      expect(told.told.at(-1)).toBe("failed http_response_timeout: timeouts.tunnelIdleMs");
    }
  });
});
