import type { Socket } from "node:net";
import type { ResponseHead, Snapshot } from "@shunt/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop } from "../test-exchange.ts";
import { later, Received, TestServer, until } from "../test-peers.ts";
import { ToldByServer } from "../test-server-events.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Attempt } from "../track/attempt.ts";
import { Backend } from "./backend.ts";
import { LOOK_MS, Overdue } from "./overdue.ts";
import { ResponseHeads } from "./response-heads.ts";
import { ServerConnection, type ServerEvents } from "./server-connection.ts";

/** Keeps the answers apart: whose is what. */
class Answers extends ToldByServer implements ServerEvents {
  readonly answers: string[] = [];
  onAnswer: (target: string) => void = () => {};
  override head(attempt: Attempt, head: ResponseHead, body: Uint8Array, complete: boolean): void {
    this.#note(attempt, `${head.status} `, body, complete);
  }
  override body(attempt: Attempt, octets: Uint8Array, _buffer: unknown, complete: boolean): void {
    this.#note(attempt, "", octets, complete);
  }
  override interim({ exchange }: Attempt, { status }: ResponseHead): void {
    this.answers.push(`${exchange.target} ${status} interim`);
  }
  override failed({ exchange }: Attempt, failure: { code: string }): void {
    this.told.push(`failed ${exchange.target}: ${failure.code}`);
  }
  #note({ exchange }: Attempt, status: string, octets: Uint8Array, complete: boolean): void {
    const text = Buffer.from(octets).toString("latin1").slice(0, 20);
    this.answers.push(`${exchange.target} ${status}${text}${complete ? "" : " ..."}`);
    this.onAnswer(exchange.target);
  }
}

const snapshot: Snapshot = snapshotOf();
const { limits, timeouts } = snapshot.config;
/** What has not come yet is not late: the machine may be slow. */
const NOBODY_LOOKS = { add: () => {}, delete: () => {} };
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const answer = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

let loop: TestLoop;
let listener: TestListener;
let server: TestServer;
let backend: Backend;
let told: Answers;
let overdue: Pick<Overdue, "add" | "delete">;
/** Those that the service would settle. */
let attempts: Attempt[];
let mayRelieve: boolean;
let asked: number[];
let connection: ServerConnection;
let clients: OpenClient[];

beforeEach(async () => {
  loop = new TestLoop();
  listener = await TestListener.listen(loop);
  server = await TestServer.listen();
  const at = { name: "s1", host: "127.0.0.1", port: server.port, authority: "", weight: 1 } as const;
  backend = new Backend("general", { ...at, state: "ready" }, () => loop.now);
  backend.sharing.isOn = true;
  told = new Answers();
  overdue = NOBODY_LOOKS;
  attempts = [];
  mayRelieve = true;
  asked = [];
  clients = [];
});
afterEach(() => {
  connection.destroy();
  for (const { client } of clients) client.destroy();
  listener.close();
  server.close();
  for (const attempt of attempts) attempt.settle();
  expect([backend.connections, backend.outstanding]).toEqual([0, 0]);
});

/** An attempt of a client of its own. */
async function attemptAt(target: string, method = "GET"): Promise<Attempt> {
  const open = await listener.open();
  clients.push(open);
  const exchange = await exchangeOf(open.client, `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, snapshot);
  const attempt = new Attempt(exchange, backend, 1, false, [], loop.now);
  attempts.push(attempt);
  return attempt;
}

function begin(...together: Attempt[]): void {
  for (const attempt of together) {
    attempt.connection = connection;
    connection.begin(attempt, snapshot.config);
  }
}

/** A connection that has answered once, and on which requests to `targets` have left together. */
async function shared(...targets: string[]): Promise<{ peer: Socket; received: Received; all: Attempt[] }> {
  const mayRelieveSo = (requests: number): boolean => {
    asked.push(requests);
    return mayRelieve;
  };
  const parts = {
    ...loop.parts,
    overdue,
    mayRelieve: mayRelieveSo,
    heads: new ResponseHeads(limits),
    events: told,
  };
  connection = new ServerConnection(backend, snapshot.config, parts);
  begin(await attemptAt("/first"));
  const peer = await server.accept();
  const received = new Received(peer);
  await received.untilText("\r\n\r\n");
  const before = received.count;
  peer.write(OK);
  await until(() => connection.state === "idle");
  expect(backend.checkOut()).toBe(connection);
  told.answers.length = 0;
  told.told.length = 0;
  const all = await Promise.all(
    targets.map((target) => attemptAt(...(target.split(" ") as [string, string?]))),
  );
  begin(...all);
  await received.until(
    ({ count, text }) => count > before && text.split("\r\n\r\n").length === targets.length + 2,
  );
  return { peer, received, all };
}

const answered = (...answers: string[]): Promise<void> =>
  until(() => answers.every((each) => told.answers.includes(each)));

describe("requests that share a connection", () => {
  test("ServerConnection gives each its own answer, however they are cut, and is kept for the next", async () => {
    const { peer, all } = await shared("/a", "/b HEAD", "/c", "/d", "/e");
    const octets =
      answer("1") +
      "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" +
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" +
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n4\r\n0\r\n\r\n" +
      answer("5");
    for (const part of octets.match(/[\s\S]{1,37}/g) ?? []) {
      peer.write(part);
      await later();
      await later();
    }
    await until(() => connection.state === "idle");
    const whole = new Map<string, string>();
    for (const each of told.answers) {
      const [target = "", ...rest] = each.replace(" ...", "").split(" ");
      whole.set(target, (whole.get(target) ?? "") + rest.join(" "));
    }
    expect(Object.fromEntries(whole)).toEqual({
      "/a": "200 1",
      "/b": "200 ",
      "/c": "103 interim304 ",
      "/d": "200 1\r\n4\r\n0\r\n\r\n",
      "/e": "200 5",
    });
    expect(all.map((attempt) => attempt.connection)).toEqual(new Array(5).fill(undefined));
    expect(backend.checkOut()).toBe(connection);
  });

  test("ServerConnection reads all answers that come at once, and is free when the last is told", async () => {
    const { peer } = await shared("/a", "/b", "/c");
    const states: string[] = [];
    told.onAnswer = (target) => states.push(`${target} ${connection.state}`);
    peer.write(answer("1") + answer("2") + answer("3"));
    await answered("/c 200 3");
    expect(told.answers).toEqual(["/a 200 1", "/b 200 2", "/c 200 3"]);
    expect(states).toEqual(["/a busy", "/b busy", "/c idle"]);
  });

  test("ServerConnection takes another only as long as nothing has left, up to what may ride together", async () => {
    await shared("/a");
    expect(connection.takesAnother(2)).toBe(false);
    connection.destroy();
    const { peer } = await shared("/a");
    peer.write(OK);
    await until(() => connection.state === "idle");
    expect(connection.takesAnother(2)).toBe(false);
    begin(await attemptAt("/b"));
    expect([connection.takesAnother(1), connection.takesAnother(2)]).toEqual([false, true]);
    begin(await attemptAt("/c"));
    await later();
    expect(connection.takesAnother(9)).toBe(false);
  });

  test.each([
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"],
    ["nothing yet", ""],
  ])("ServerConnection takes no other behind %s", async (_, response) => {
    const { peer } = await shared("/a");
    if (response === "") {
      connection.destroy();
      const parts = {
        ...loop.parts,
        overdue,
        mayRelieve: () => true,
        heads: new ResponseHeads(limits),
        events: told,
      };
      connection = new ServerConnection(backend, snapshot.config, parts);
    } else {
      peer.write(response);
      await until(() => connection.state === "idle");
    }
    begin(await attemptAt("/b"));
    expect(connection.takesAnother(9)).toBe(false);
  });
});

describe("what one answer does to those behind it", () => {
  test.each([
    [
      "says that it is the last",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1",
      "/a 200 1",
    ],
    ["is of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1", "/a 200 1"],
    ["ends with the connection", "HTTP/1.1 200 OK\r\n\r\n1", "/a 200 1 ..."],
  ])("ServerConnection moves them when it %s, and takes nothing for theirs", async (_, response, first) => {
    const { peer } = await shared("/a", "/b", "/c");
    peer.write(response);
    await answered(first);
    peer.write(answer("2"));
    await later();
    expect(told.told).toEqual(["moved /b: last", "moved /c: last"]);
    expect(told.answers.some((each) => !each.startsWith("/a "))).toBe(false);
    expect(backend.checkOut()).toBeUndefined();
  });

  test("ServerConnection moves them when the client of the first does not read, and ends behind its answer", async () => {
    const { peer } = await shared("/a", "/b");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1");
    await answered("/a 200 1 ...");
    connection.pause();
    expect(told.told).toEqual(["moved /b: slow-client"]);
    connection.resume();
    peer.write(`23${answer("2")}`);
    await answered("/a 23");
    expect([told.answers.at(-1), connection.state]).toEqual(["/a 23", "closed"]);
  });

  test.each([
    ["FIN", (peer: Socket) => peer.end()],
    ["RST", (peer: Socket) => peer.resetAndDestroy()],
  ])(
    "ServerConnection moves them when the connection ends in mid-answer, which fails: %s",
    async (_, end) => {
      const { peer } = await shared("/a", "/b");
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1");
      await answered("/a 200 1 ...");
      end(peer);
      await until(() => told.told.length === 2);
      expect(told.told).toEqual(["moved /b: broken", "failed /a: http_response_incomplete"]);
    },
  );

  test("ServerConnection moves all but the first when the server closes before it answers", async () => {
    const { peer } = await shared("/a", "/b", "/c");
    peer.end();
    await until(() => told.told.length === 3);
    expect(told.told).toEqual(["moved /b: broken", "moved /c: broken", "failed /a: connection_terminated"]);
  });

  test("ServerConnection moves one that was not answered though it had come to be the first", async () => {
    const { peer } = await shared("/a", "/b", "/c");
    peer.end(answer("1"));
    await until(() => told.told.length === 2);
    expect([told.answers, told.told]).toEqual([["/a 200 1"], ["moved /c: broken", "moved /b: broken"]]);
  });

  test.each([
    ["octets that are no response", "\r\nmore"],
    [
      "a protocol that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    ["a head that is too large", `HTTP/1.1 200 OK\r\nX: ${"y".repeat(limits.headBytes)}\r\n\r\n`],
  ])(
    "ServerConnection asks again for what follows an answer with %s, and shares none any more",
    async (_, octets) => {
      const { peer } = await shared("/a", "/b", "/c");
      backend.sharing.depth = 4;
      peer.write(answer("1") + octets);
      await until(() => told.told.length === 2);
      expect([told.answers, told.told]).toEqual([["/a 200 1"], ["moved /c: broken", "moved /b: suspect"]]);
      expect([connection.state, backend.sharing.depth]).toEqual(["closed", 1]);
    },
  );

  test("ServerConnection fails the first, and it alone, when its answer is malformed", async () => {
    const { peer } = await shared("/a", "/b");
    peer.write("NONSENSE\r\n\r\n");
    await until(() => told.told.length === 2);
    expect(told.told).toEqual(["moved /b: broken", "failed /a: http_protocol_error"]);
  });

  test("ServerConnection is not used again, nor another shared, when there is one answer too much", async () => {
    const { peer } = await shared("/a", "/b");
    backend.sharing.depth = 4;
    peer.write(answer("1") + answer("2") + answer("3"));
    await answered("/b 200 2");
    expect(told.answers).toEqual(["/a 200 1", "/b 200 2"]);
    expect([connection.state, backend.sharing.depth, backend.checkOut()]).toEqual(["closed", 1, undefined]);
  });

  test("ServerConnection gives octets that came before a request had left to none that has just joined", async () => {
    const { peer } = await shared("/a");
    const [b, c] = [await attemptAt("/b"), await attemptAt("/c")];
    peer.write(answer("1"));
    await until(() => connection.state === "idle");
    // In a timer's callback: what is there by its end is read before the end of its turn.
    setTimeout(() => {
      peer.write(answer("forged"));
      const arrived = performance.now() + 50;
      while (performance.now() < arrived);
      begin(b, c);
    });
    await until(() => told.told.length === 2);
    expect([told.answers, told.told]).toEqual([
      ["/a 200 1"],
      ["moved /c: broken", "failed /b: connection_terminated"],
    ]);
    expect(b.unsent).toBe(true);
  });

  test("ServerConnection gives each of them its full time for an answer", async () => {
    const { peer } = await shared("/a", "/b", "/c");
    loop.pass(timeouts.responseMs - 1_000);
    peer.write(answer("1"));
    await answered("/a 200 1");
    loop.pass(timeouts.responseMs - 1_000);
    expect(told.told.filter((each) => each.startsWith("failed"))).toEqual([]);
    loop.pass(1_000);
    expect(told.told).toEqual(["moved /c: broken", "failed /b: http_response_timeout"]);
  });
});

describe("a late answer", () => {
  beforeEach(() => {
    overdue = new Overdue();
  });

  test("ServerConnection moves those behind it, and ends behind it", async () => {
    const { peer } = await shared("/a", "/b", "/c");
    await until(() => told.told.length === 2);
    expect([told.told, asked]).toEqual([["moved /b: late", "moved /c: late"], [2]]);
    backend.sharing.depth = 4;
    peer.write(answer("1") + answer("2"));
    await answered("/a 200 1");
    expect([told.answers, connection.state]).toEqual([["/a 200 1"], "closed"]);
    // That the answers of the others come as well is no fault of the server.
    expect(backend.sharing.depth).toBe(4);
  });

  test("ServerConnection asks again for one that was forgotten behind another, and is not used again", async () => {
    const { peer } = await shared("/a", "/b");
    peer.write(answer("1"));
    await until(() => told.told.length === 1);
    expect([told.answers, told.told, connection.state]).toEqual([["/a 200 1"], ["moved /b: late"], "closed"]);
  });

  test("ServerConnection lets an answer come that has begun, and for which nobody waits", async () => {
    const { peer } = await shared("/a", "/b");
    peer.write(`${answer("1")}HTTP/1.1 200 OK\r\n`);
    await answered("/a 200 1");
    await new Promise((resolve) => setTimeout(resolve, 10 * LOOK_MS));
    peer.write("Content-Length: 1\r\n\r\n2");
    await answered("/b 200 2");
    expect([told.told, connection.state]).toEqual([[], "idle"]);
  });

  test("ServerConnection lets them wait when too many are moved already", async () => {
    mayRelieve = false;
    const { peer } = await shared("/a", "/b");
    await until(() => asked.length > 2);
    peer.write(answer("1") + answer("2"));
    await answered("/a 200 1", "/b 200 2");
    expect([told.told, connection.state]).toEqual([[], "idle"]);
  });
});

describe("a client that leaves", () => {
  test("ServerConnection reads the answer that nobody wants any more, and goes on with the next", async () => {
    const { peer, all } = await shared("/a", "/b", "/c");
    const [a, b] = all as [Attempt, Attempt];
    connection.leave(a);
    connection.leave(b);
    expect([a.connection, backend.outstanding]).toEqual([undefined, 4]);
    peer.write(`${answer("1")}HTTP/1.1 103 Early Hints\r\n\r\n${answer("2")}${answer("3")}`);
    await answered("/c 200 3");
    expect([told.answers, connection.state, backend.outstanding]).toEqual([["/c 200 3"], "idle", 2]);
  });

  test("ServerConnection ends when nobody is left", async () => {
    const { all, received } = await shared("/a", "/b");
    for (const attempt of all) connection.leave(attempt);
    await received.untilEnd();
    expect([connection.state, backend.outstanding]).toEqual(["closed", 1]);
  });

  test("ServerConnection moves the others when the answer that nobody wants is long", async () => {
    const { peer, all } = await shared("/a", "/b");
    connection.leave(all[0] as Attempt);
    peer.write(
      `HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n${"x".repeat(limits.responseBufferBytes + 1)}`,
    );
    await until(() => told.told.length > 0);
    await until(() => connection.state === "closed");
    expect([told.answers, told.told.length]).toEqual([[], 1]);
  });
});
