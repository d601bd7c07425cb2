import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { FIXED } from "@shunt/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { exchangeOf, type OpenClient, TestListener, TestLoop, verdictOn } from "../test-exchange.ts";
import { later, until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import type { Exchange } from "../track/exchange.ts";
import { ClientConnection } from "./client-connection.ts";

const loop = new TestLoop();
let listener: TestListener;
let open: OpenClient;
beforeAll(async () => {
  listener = await TestListener.listen(loop);
});
afterAll(() => listener.close());
beforeEach(async () => {
  open = await listener.open();
});
afterEach(() => open.client.destroy());

const get = (path: string, fields = ""): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const upgrade = get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n");
const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const { timeouts } = snapshotOf().config;

/** Waits until the client's octets have arrived. */
const unread = (octets: number): Promise<void> => until(() => open.client.unread.length === octets);

describe("unread octets", () => {
  test("ClientConnection tells of a head once, and of the rest of it only when that may complete it", async () => {
    const { client, told, socket } = open;
    const head = get("/path", "X-One: 1\r\n");
    socket.write("GET /path HTTP/1.1\r\n");
    await unread(20);
    expect(told.told).toEqual(["heads"]);
    client.beginJudging(1);
    client.judgedAll(0, "partial");
    for (let at = 20; at < head.length - 1; at++) {
      socket.write(head.slice(at, at + 1));
      await unread(at + 1);
    }
    expect(told.told).toEqual(["heads", "judged all"]);
    socket.write("\n");
    await unread(head.length);
    expect(told.told).toEqual(["heads", "judged all", "heads"]);
    expect(client.unread.toString()).toBe(head);
  });

  test("ClientConnection never changes octets that were cut out before", async () => {
    const { client, socket } = open;
    const cuts: { cut: Buffer; was: string }[] = [];
    let sent = "";
    for (let i = 0; i < 200; i++) {
      const piece = `${i},`.repeat(1 + (i % 40));
      socket.write(piece);
      sent += piece;
      await until(() => client.unread.length >= piece.length && sent.endsWith(client.unread.toString()));
      cuts.push({ cut: client.unread, was: client.unread.toString() });
      if (i % 3 === 2) client.consume(client.unread.length - (i % 7));
    }
    for (const { cut, was } of cuts) expect(cut.toString()).toBe(was);
  });

  test("ClientConnection keeps what follows what was read, and says when it came", async () => {
    const { client, socket } = open;
    socket.write("first");
    await unread(5);
    const firstAt = client.unreadAt;
    await later();
    socket.write("second");
    await unread(11);
    expect(client.unreadAt).toBe(firstAt);
    client.consume(5);
    expect(client.unread.toString()).toBe("second");
    expect(client.unreadAt).toBeGreaterThan(firstAt);
  });

  test.each([
    { what: "part of a head", judging: false, bound: FIXED.readAheadBytes },
    { what: "what is judged", judging: true, bound: FIXED.headReadBytes },
  ])(
    "ClientConnection stops reading behind $what at its bound, and goes on when that was read",
    async ({ judging, bound }) => {
      const { client, socket } = open;
      socket.write(Buffer.alloc(4_000_000, "x"));
      if (judging) client.beginJudging(1);
      await until(() => client.unread.length >= bound);
      for (let i = 0; i < 20; i++) await later();
      const read = client.unread.length;
      expect(read).toBeLessThan(bound + FIXED.readBytes);
      client.consume(read - 10);
      client.regulate();
      await until(() => client.unread.length > 10);
    },
  );

  test("ClientConnection throws away what follows the last request of its connection", async () => {
    const { client, told, socket } = open;
    client.lastRequestSeen = true;
    socket.write(get("/"));
    socket.end();
    await until(() => client.halfClosed);
    expect(client.unread).toHaveLength(0);
    expect(told.told).toEqual(["ended"]);
  });

  test("ClientConnection tells of content as content", async () => {
    const { client, told, socket } = open;
    client.phase = "content";
    socket.write("12345");
    await unread(5);
    expect(told.told).toEqual(["content"]);
  });
});

describe("empty lines before a head", () => {
  const LINE = "\r\n";

  test("ClientConnection holds them back until a head begins, and gives them with it", async () => {
    const { client, told, socket } = open;
    for (const octet of LINE.repeat(3)) {
      socket.write(octet);
      await later();
    }
    socket.write("\rG");
    await unread(8);
    expect(client.unread.toString()).toBe(`${LINE.repeat(3)}\rG`);
    expect(told.told).toEqual(["heads"]);
  });

  test("ClientConnection has them judged when there are more than may be, however they come", async () => {
    const { client, told, socket } = open;
    for (let i = 0; i < 8; i++) {
      socket.write(LINE);
      await later();
    }
    socket.write("\r");
    await later();
    expect([client.unread.length, client.isIdle, told.told]).toEqual([0, true, []]);
    socket.write("\n");
    await unread(18);
    expect(told.told).toEqual(["heads"]);
  });

  test("ClientConnection counts those behind a request with those that follow", async () => {
    const { client, told, socket } = open;
    socket.write(get("/") + LINE.repeat(5));
    await unread(get("/").length + 10);
    client.beginJudging(1);
    client.judgedAll(get("/").length, "partial");
    expect(client.passOverEmptyLines()).toBe(true);
    expect(client.passOverEmptyLines()).toBe(false);
    expect([client.unread.length, client.partial]).toEqual([0, false]);
    socket.write(`${LINE.repeat(4)}GET`);
    await unread(21);
    expect(told.told).toEqual(["heads", "judged all", "heads"]);
    client.consume(20);
    expect(client.passOverEmptyLines()).toBe(false);
    expect(client.unread.toString()).toBe("T");
  });

  test("ClientConnection stays as idle as it was, whatever of them comes", async () => {
    const { told, socket } = open;
    for (let i = 0; i < 4; i++) {
      loop.pass(timeouts.clientIdleMs / 4);
      socket.write(LINE);
      await later();
    }
    expect(told.told).toEqual(["late"]);
  });

  test("ClientConnection gives a head that begins behind them its whole time", async () => {
    const { told, socket } = open;
    socket.write(LINE);
    await later();
    loop.pass(timeouts.clientIdleMs - timeouts.headMs / 2);
    socket.write("GET");
    await unread(5);
    loop.pass(timeouts.headMs - 1_000);
    expect(told.told).toEqual(["heads"]);
    loop.pass(1_000);
    expect(told.told).toEqual(["heads", "late"]);
  });

  test("ClientConnection leaves them where they may be another protocol's", async () => {
    const { client, told, socket } = open;
    await exchangeOf(client, upgrade);
    socket.write(LINE);
    await unread(2);
    expect(client.passOverEmptyLines()).toBe(false);
    client.becomeTunnel();
    expect(told.tunnelledOctets).toBe(LINE);
  });
});

describe("verdicts", () => {
  test.each(["closing", "closed"] as const)(
    "ClientConnection has no verdict acted on while it is %s",
    async (phase) => {
      const { client, told } = open;
      const verdict = await verdictOn(Buffer.from(get("/")), client.peer);
      client.beginJudging(1);
      if (phase === "closing") client.close();
      else client.destroy();
      told.told.length = 0;
      client.judged(verdict, snapshotOf());
      client.judgedAll(verdict.end, "stuck");
      expect(told.told).toEqual([]);
      expect(client.classifying).toBe(false);
    },
  );

  test("ClientConnection says that a request is stuck", () => {
    open.client.judgedAll(0, "stuck");
    expect(open.told.told).toEqual(["stuck"]);
  });
});

describe("the queue", () => {
  const started = (): Exchange[] => {
    const exchanges: Exchange[] = [];
    for (let next = open.client.takeStartable(); next !== undefined; next = open.client.takeStartable())
      exchanges.push(next);
    return exchanges;
  };

  test("ClientConnection starts runs of safe requests together and every other alone, in order", async () => {
    const { client } = open;
    const run: Exchange[] = [];
    for (const head of [get("/1"), get("/2"), post, get("/4"), get("/5")])
      run.push(await exchangeOf(client, head));
    expect(started()).toEqual([run[0], run[1]]);
    client.shift();
    expect(started()).toEqual([]);
    client.shift();
    expect(started()).toEqual([run[2]]);
    client.shift();
    expect(started()).toEqual([run[3], run[4]]);
    client.shift();
    client.shift();
    expect([
      client.queue.depth,
      client.queue.active,
      client.queue.barrier,
      client.queue.first,
      client.queue.last,
    ]).toEqual([0, 0, false, undefined, undefined]);
  });

  test("ClientConnection has room for no more than limits.pipelineDepth requests", async () => {
    const { client } = open;
    const depth = client.room;
    await exchangeOf(client, get("/"));
    expect(client.room).toBe(depth - 1);
    client.queue.depth = depth + 5;
    expect(client.room).toBe(0);
  });

  test("ClientConnection has nobody read requests behind an upgrade, until it is answered", async () => {
    const { client } = open;
    await exchangeOf(client, upgrade);
    expect(client.room).toBe(0);
    started();
    client.shift();
    expect(client.room).toBeGreaterThan(0);
  });

  test("ClientConnection.becomeTunnel() hands on what it has read behind the upgrade", async () => {
    const { client, told, socket } = open;
    await exchangeOf(client, upgrade);
    socket.write("early ");
    await unread(6);
    client.becomeTunnel();
    socket.write("octets");
    await until(() => told.tunnelledOctets === "early octets");
    expect(client.unread).toHaveLength(0);
  });

  test("ClientConnection.forgetQueue() leaves nothing behind", async () => {
    const { client } = open;
    await exchangeOf(client, get("/1"));
    await exchangeOf(client, post);
    started();
    client.queue.heldBytes = 10;
    client.forgetQueue();
    expect([client.queue.depth, client.queue.active, client.queue.barrier, client.queue.heldBytes]).toEqual([
      0,
      0,
      false,
      0,
    ]);
    expect(started()).toEqual([]);
  });
});

describe("time limits", () => {
  test("ClientConnection is late when it stays idle", () => {
    loop.pass(timeouts.clientIdleMs / 2);
    expect(open.told.told).toEqual([]);
    loop.pass(timeouts.clientIdleMs / 2);
    expect(open.told.told).toEqual(["late"]);
  });

  test("ClientConnection is late with a head that comes octet by octet, however often one comes", async () => {
    const { told, socket } = open;
    for (let i = 1; i <= 10; i++) {
      socket.write("G");
      await unread(i);
      loop.pass(timeouts.headMs / 10 - 200);
    }
    expect(told.told).not.toContain("late");
    loop.pass(2_000);
    expect(told.told).toContain("late");
  });

  test("ClientConnection is late with a head that began behind a request, from when that was answered", async () => {
    const { client, told, socket } = open;
    await exchangeOf(client, get("/"));
    client.takeStartable();
    client.expect(timeouts.bodyIdleMs);
    socket.write("GET");
    await unread(3);
    client.shift();
    loop.pass(timeouts.headMs);
    expect(told.told).toContain("late");
  });
});

describe("the end", () => {
  test("ClientConnection.close() lets the client read everything, then ends, and throws away what still comes", async () => {
    const { client, told, socket, received } = open;
    client.outbox.push(Buffer.from("last words"));
    client.close();
    client.close();
    socket.write("still talking");
    await received.until(({ ended }) => ended);
    expect(received.text).toBe("last words");
    expect(client.phase).toBe("closing");
    socket.end();
    await until(() => client.phase === "closed");
    expect(told.told).toEqual(["gone: destroyed"]);
  });

  test("ClientConnection.close() waits for a slow reader longer than it lingers, as long as something leaves", async () => {
    const { client, told, received, socket } = open;
    socket.pause();
    const much = Buffer.alloc(16 * 1_048_576, "x");
    for (let i = 0; i < 256; i++) client.outbox.push(much.subarray(i * 65_536, (i + 1) * 65_536));
    client.close();
    await later();
    await later();
    expect(client.outbox.pending).toBeGreaterThan(0);
    loop.pass(timeouts.bodyIdleMs);
    expect(told.told).toEqual([]);
    socket.resume();
    await received.until(({ count, ended }) => count === much.length && ended);
    expect(told.told).toEqual([]);
    await until(() => client.outbox.pending === 0);
    loop.pass(2_000);
    expect(told.told).toEqual(["late"]);
  });

  test("ClientConnection.close() does not wait for ever for a client that reads nothing", async () => {
    const { client, told, socket } = open;
    socket.pause();
    client.outbox.push(Buffer.alloc(16 * 1_048_576));
    client.close();
    await later();
    await later();
    loop.pass(timeouts.bodyIdleMs);
    loop.pass(timeouts.bodyIdleMs);
    expect(told.told).toEqual(["late"]);
  });

  test("ClientConnection says its last words to the end, though FIN comes before they have left", async () => {
    const { client, told, socket, received } = open;
    const last = 16 * 1_048_576;
    socket.pause();
    client.outbox.push(Buffer.alloc(last));
    client.close();
    socket.end();
    await until(() => client.halfClosed);
    socket.resume();
    await received.untilEnd();
    expect(received.count).toBe(last);
    await until(() => client.phase === "closed");
    expect(told.told).toEqual(["gone: destroyed"]);
  });

  test("ClientConnection reads on while it closes, up to a bound, and then waits no longer for who goes on", async () => {
    const { client, told, socket, received } = open;
    client.close();
    await received.untilEnd();
    const block = Buffer.alloc(1_048_576);
    let taken = 0;
    const send = (): void => {
      socket.write(block, () => {
        taken += block.length;
        if (taken < 100 * block.length) send();
      });
    };
    send();
    await until(() => taken >= FIXED.lingerBytes);
    // What is behind the bound stays in the kernel, which keeps some MiB of it.
    for (let before = -1; taken !== before; await sleep(100)) before = taken;
    expect(client.phase).toBe("closing");
    loop.pass(FIXED.lingerQuietMs);
    expect(told.told).toEqual(["late"]);
    expect(taken).toBeLessThan(100 * block.length);
  });

  test("ClientConnection tells once that the client has gone, and its limits end with it", async () => {
    const { client, told, socket } = open;
    socket.write("GET");
    await unread(3);
    socket.resetAndDestroy();
    await until(() => client.phase === "closed");
    expect(told.told).toEqual(["heads", "gone: ECONNRESET"]);
    client.destroy();
    client.close();
    loop.pass(timeouts.clientIdleMs);
    await later();
    expect(told.told).toEqual(["heads", "gone: ECONNRESET"]);
    expect(client.unread).toHaveLength(0);
  });

  test("ClientConnection tells that the client has ended, and still answers it", async () => {
    const { client, told, socket, received } = open;
    socket.end(get("/"));
    await until(() => client.halfClosed);
    expect(told.told).toEqual(["heads", "ended"]);
    client.outbox.push(Buffer.from("answer"));
    await received.untilText("answer");
  });
});

test.each([
  ["127.0.0.1", /^127\.0\.0\.1:\d+$/],
  ["::1", /^\[::1\]:\d+$/],
  ["::", /^\[::1\]:\d+$|^127\.0\.0\.1:\d+$/],
])(
  "ClientConnection names the address that was connected to as a Host field does: %s",
  async (host, expected) => {
    const other = await TestListener.listen(loop, host);
    const { client } = await other.open();
    expect(client.forwardedBy.ownAuthority).toMatch(expected);
    client.destroy();
    other.close();
  },
);

test("ClientConnection is leaving from the beginning when the listener that it comes by is there no more", () => {
  const { client } = open;
  const { config } = snapshotOf();
  const opened = (listeners: typeof config.listeners): ClientConnection =>
    new ClientConnection(
      () => new Socket(),
      client.listener,
      { ...config, listeners },
      { ...loop.parts, events: open.told },
    );
  const [stays, leaves] = [opened(config.listeners), opened([])];
  expect([stays.leaving, leaves.leaving]).toEqual([false, true]);
  for (const each of [stays, leaves]) each.destroy();
});
