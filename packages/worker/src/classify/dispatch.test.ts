import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { CONTENT, HEAD_FLAG, RECORD, REFUSE, type Snapshot, type Verdict } from "@shunt/core";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { later, until } from "../test-peers.ts";
import { snapshotOf } from "../test-snapshot.ts";
import { Dispatcher, type Rest, type Unread } from "./dispatch.ts";
import { LOOP_RULES } from "./rules.ts";

/** What was told of one request: its head, and what was decided. */
interface Told {
  readonly head: string;
  readonly class: string | undefined;
  readonly refusal: number;
  readonly generation: number;
  readonly user: string | undefined;
  readonly client: string | undefined;
}

/** A client connection without a socket; it queues up again as a real one does. */
class Client implements Unread {
  readonly peer: Unread["peer"];
  unread: Buffer;
  room: number;
  readonly content: number;
  readonly told: Told[] = [];
  readonly rests: Rest[] = [];
  /** Queues up again while there is more that was not looked at. */
  again: ((client: Client) => void) | undefined;
  onVerdict: () => void = () => {};

  constructor(
    octets: string | Buffer,
    { room = 64, trusted = false, content = CONTENT.AHEAD as number } = {},
  ) {
    this.content = content;
    this.unread = Buffer.from(octets);
    this.room = room;
    this.peer = { family: 4, words: [0x0a00_0001, 0, 0, 0], trusted };
  }

  judged(verdict: Verdict, { config, generation }: Snapshot): void {
    const { user, client, refusal } = verdict;
    expect([RECORD.REQUEST, RECORD.REFUSED]).toContain(verdict.kind);
    const head = this.unread.toString("latin1", verdict.start, verdict.end);
    this.told.push({ head, class: config.classes[verdict.class]?.name, refusal, generation, user, client });
    this.onVerdict();
  }

  judgedAll(read: number, rest: Rest): void {
    this.unread = this.unread.subarray(read);
    this.rests.push(rest);
    if (rest === "more" && this.unread.length > 0) this.again?.(this);
  }

  get heads(): string[] {
    return this.told.map(({ head }) => head);
  }

  get done(): boolean {
    return this.rests.length > 0;
  }
}

const get = (path: string, fields = ""): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

/** The class of each of its heads, and the generation of the snapshot that it is said to be by. */
function judgedBy({ told }: Client): string[] {
  return told.map(({ class: cls, generation }) => `${cls} ${generation}`);
}

async function judgeAll(dispatcher: Dispatcher, clients: readonly Client[]): Promise<void> {
  for (const client of clients) dispatcher.enqueue(client);
  dispatcher.flush();
  await until(() => clients.every((client) => client.done));
}

describe("with rules that any loop may judge", () => {
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    dispatcher = await Dispatcher.start(snapshotOf());
  });
  afterAll(() => dispatcher.close());

  test("Dispatcher judges a lone client at once, on the loop", () => {
    const client = new Client(get("/a", "Cookie: tier=gold\r\n") + get("/b"));
    const { batches, inline } = dispatcher;
    dispatcher.enqueue(client);
    dispatcher.flush();
    expect(client.told.map((told) => told.class)).toEqual(["gold", "general"]);
    expect(client.rests).toEqual(["more"]);
    expect([dispatcher.batches - batches, dispatcher.inline - inline]).toEqual([0, 1]);
  });

  test("Dispatcher sends several clients of a turn to a thread as one batch, and mixes up none of their heads", async () => {
    const clients = Array.from({ length: 40 }, (_, i) => {
      const fields = i % 3 === 0 ? "Cookie: tier=gold\r\n" : "";
      return new Client(get(`/${i}`, fields) + get(`/${i}/second`));
    });
    const { batches, inline } = dispatcher;
    await judgeAll(dispatcher, clients);
    expect([dispatcher.batches - batches, dispatcher.inline - inline]).toEqual([1, 0]);
    clients.forEach((client, i) => {
      expect(client.heads.map((head) => head.split(" ")[1])).toEqual([`/${i}`, `/${i}/second`]);
      expect(client.told.map((told) => told.class)).toEqual([i % 3 === 0 ? "gold" : "general", "general"]);
      expect(client.unread).toHaveLength(0);
    });
  });

  test("Dispatcher.endTurn() lets a few clients wait for those of the next turn, and no longer", async () => {
    const clients = Array.from({ length: 5 }, (_, i) => new Client(get(`/${i}`)));
    const { batches } = dispatcher;
    for (const client of clients.slice(0, 2)) dispatcher.enqueue(client);
    expect(dispatcher.endTurn()).toBe(true);
    for (const client of clients.slice(2)) dispatcher.enqueue(client);
    expect(dispatcher.endTurn()).toBe(false);
    await until(() => clients.every((client) => client.done));
    expect(clients.map((client) => client.heads)).toEqual(clients.map((_, i) => [get(`/${i}`)]));
    expect(dispatcher.batches - batches).toBe(1);
  });

  test("Dispatcher.endTurn() lets nobody wait who is alone, or one of many", async () => {
    const lone = new Client(get("/"));
    dispatcher.enqueue(lone);
    expect([dispatcher.endTurn(), lone.done]).toEqual([false, true]);
    const many = Array.from({ length: 8 }, (_, i) => new Client(get(`/${i}`)));
    for (const client of many) dispatcher.enqueue(client);
    expect(dispatcher.endTurn()).toBe(false);
    await until(() => many.every((client) => client.done));
  });

  test("Dispatcher judges more clients than a batch holds, each once", async () => {
    const clients = Array.from({ length: 600 }, (_, i) => new Client(get(`/${i}`)));
    const { batches } = dispatcher;
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.heads)).toEqual(clients.map((_, i) => [get(`/${i}`)]));
    expect(dispatcher.batches - batches).toBe(3);
  });

  test.each([1, 2])(
    "Dispatcher judges %i clients with more octets than a batch takes of one, in rounds",
    async (count) => {
      const heads = Array.from({ length: 600 }, (_, i) => get(`/${i}`, `X-Filler: ${"f".repeat(300)}\r\n`));
      const clients = Array.from({ length: count }, () => new Client(heads.join(""), { room: 1_000 }));
      for (const client of clients) {
        client.again = (again) => {
          dispatcher.enqueue(again);
          setImmediate(() => dispatcher.flush());
        };
        dispatcher.enqueue(client);
      }
      dispatcher.flush();
      await until(() => clients.every((client) => client.unread.length === 0));
      for (const client of clients) {
        expect(client.heads).toEqual(heads);
        expect(client.rests).toHaveLength(3);
      }
    },
  );

  test("Dispatcher does not lose a verdict when a batch has no room for more of them", async () => {
    const heads = Array.from({ length: 64 }, () => "GET / HTTP/1.1\r\nHost:a\r\n\r\n").join("");
    const clients = Array.from({ length: 256 }, () => new Client(heads));
    for (const client of clients) {
      client.again = (again) => {
        dispatcher.enqueue(again);
        setImmediate(() => dispatcher.flush());
      };
      dispatcher.enqueue(client);
    }
    dispatcher.flush();
    await until(() => clients.every((client) => client.unread.length === 0));
    expect(clients.map((client) => client.told.length)).toEqual(clients.map(() => 64));
  });

  test("Dispatcher judges no more requests than a client has room for", async () => {
    const clients = [0, 1, 2].map((room) => new Client(get("/a") + get("/b") + get("/c"), { room }));
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.told.length)).toEqual([0, 1, 2]);
    expect(clients.map((client) => client.rests)).toEqual([["more"], ["more"], ["more"]]);
    expect(clients[1]?.unread.toString()).toBe(get("/b") + get("/c"));
  });

  test("Dispatcher reads up to a head that is not complete, and says so", async () => {
    const clients = [get("/a") + get("/b").slice(0, -1), "GE", "\r\n"].map((octets) => new Client(octets));
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.told.length)).toEqual([1, 0, 0]);
    // An empty line stays too: it counts together with those that follow.
    expect(clients.map((client) => client.unread.toString())).toEqual([get("/b").slice(0, -1), "GE", "\r\n"]);
    expect(clients.map((client) => client.rests)).toEqual([["partial"], ["partial"], ["partial"]]);
  });

  test("Dispatcher does not call a head incomplete when octets have come since", async () => {
    const clients = [new Client(get("/a").slice(0, -1)), new Client(get("/b"))];
    for (const client of clients) dispatcher.enqueue(client);
    dispatcher.flush();
    (clients[0] as Client).unread = Buffer.from(get("/a"));
    await until(() => clients.every((client) => client.done));
    expect(clients.map((client) => client.rests)).toEqual([["more"], ["more"]]);
    expect(clients[0]?.told).toEqual([]);
  });

  test("Dispatcher stops behind content, an upgrade, a last request and a refused one", async () => {
    const behind = get("/behind");
    const clients = [
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n`,
      get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
      get("/", "Connection: close\r\n"),
      "GET / HTTP/1.1\r\n\r\n",
    ].map((head) => new Client(head + behind));
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.told.length)).toEqual([1, 1, 1, 1]);
    expect(clients.map((client) => client.told[0]?.refusal)).toEqual([0, 0, 0, REFUSE.HOST_MISSING]);
    expect(clients.map((client) => client.unread.toString())).toEqual([behind, behind, behind, behind]);
  });

  test.each([1, 3])(
    "Dispatcher passes over a client that closed since it queued up, beside %i",
    async (beside) => {
      const others = Array.from({ length: beside }, (_, i) => new Client(get(`/${i}`)));
      const closed = new Client(get("/closed"));
      dispatcher.enqueue(closed);
      closed.unread = Buffer.alloc(0);
      await judgeAll(dispatcher, others);
      expect(closed.told).toEqual([]);
      expect(closed.rests).toEqual(["more"]);
      expect(others.map((other) => other.told.length)).toEqual(others.map(() => 1));
    },
  );

  test("Dispatcher gives a lone client that closed since it queued up no verdict on another's octets", () => {
    const before = new Client(get("/before"));
    dispatcher.enqueue(before);
    dispatcher.flush();
    const closed = new Client("");
    dispatcher.enqueue(closed);
    dispatcher.flush();
    expect(closed.told).toEqual([]);
    expect(closed.rests).toEqual(["more"]);
  });

  test("Dispatcher judges who queues up while a verdict is told, in the next turn", async () => {
    const second = new Client(get("/second"));
    const first = new Client(get("/first"));
    first.onVerdict = () => dispatcher.enqueue(second);
    await judgeAll(dispatcher, [first]);
    expect(second.done).toBe(false);
    dispatcher.flush();
    expect(second.heads).toEqual([get("/second")]);
  });

  test("Dispatcher tells what a verdict record holds", async () => {
    const clients = [
      new Client("POST http://B/x?y HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n"),
      new Client(get("/")),
    ];
    let seen: { flags: number; target: string; authority: string; drops: number[] } | undefined;
    (clients[0] as Client).judged = (verdict) => {
      const slice = (at: number, length: number): string =>
        (clients[0] as Client).unread.toString("latin1", at, at + length);
      seen = {
        flags: verdict.flags & (HEAD_FLAG.CONTENT | HEAD_FLAG.CHUNKED | HEAD_FLAG.SAFE),
        target: slice(verdict.targetAt, verdict.targetLength),
        authority: slice(verdict.authorityAt, verdict.authorityLength),
        drops: [...verdict.drops],
      };
    };
    await judgeAll(dispatcher, clients);
    expect(seen).toEqual({
      flags: HEAD_FLAG.CONTENT | HEAD_FLAG.CHUNKED,
      target: "/x?y",
      authority: "B",
      drops: [5, 8],
    });
  });

  test("Dispatcher takes the client that a trusted peer names, and no other's word", async () => {
    const forwarded = get("/", "X-Forwarded-For: 203.0.113.9\r\n");
    const clients = [new Client(forwarded, { trusted: true }), new Client(forwarded)];
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.told[0]?.client)).toEqual(["203.0.113.9", undefined]);
  });
});

describe("with rules about content", () => {
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    const rules = [{ name: "high", when: { body: { "/priority": "high" } }, class: "gold" }];
    dispatcher = await Dispatcher.start(snapshotOf({ rules, limits: { classifyBodyBytes: 262_144 } }));
  });
  afterAll(() => dispatcher.close());

  /** A request with content that was waited for. */
  const inquiring = (content: string, headBytes = 0): Client => {
    const fields = `Content-Type: application/json\r\nContent-Length: ${content.length}\r\n`;
    const head = `POST / HTTP/1.1\r\nHost: a\r\n${fields}X: ${"x".repeat(headBytes)}\r\n\r\n`;
    return new Client(head + content, { content: content.length });
  };

  test("Dispatcher has content read by a thread, also of a lone client", async () => {
    const { batches } = dispatcher;
    const client = inquiring('{"priority":"high"}');
    await judgeAll(dispatcher, [client]);
    expect(client.told.map((told) => told.class)).toEqual(["gold"]);
    expect(dispatcher.batches - batches).toBe(1);
  });

  test("Dispatcher keeps the longest head and the longest content together", async () => {
    const content = `{"x":"${"y".repeat(262_144 - 26)}","priority":"high"}`.slice(0, 262_144);
    expect(content.length).toBe(262_144);
    const clients = Array.from({ length: 5 }, () => inquiring(content, 30_000));
    await judgeAll(dispatcher, clients);
    expect(clients.map(({ told }) => told[0]?.class)).toEqual(Array(5).fill("gold"));
  });
});

describe("with a thread that hangs on purpose", () => {
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    dispatcher = await Dispatcher.start(snapshotOf(), "hang-here");
  });
  afterAll(() => dispatcher.close());

  test.each([
    ["first", 0],
    ["middle", 7],
    ["last", 15],
  ])("Dispatcher gives up the %s client of a batch alone, and judges the others", async (_, hanging) => {
    const clients = Array.from({ length: 16 }, (__, i) => {
      return new Client(get(`/${i}`) + get(i === hanging ? "/hang-here" : "/ok") + get("/behind"));
    });
    const { stuck } = dispatcher;
    await judgeAll(dispatcher, clients);
    clients.forEach((client, i) => {
      const first = [get(`/${i}`)];
      expect(client.heads).toEqual(i === hanging ? first : [...first, get("/ok"), get("/behind")]);
      expect(client.rests).toEqual([i === hanging ? "stuck" : "more"]);
      expect(client.unread.toString()).toBe(i === hanging ? get("/hang-here") + get("/behind") : "");
    });
    expect(dispatcher.stuck - stuck).toBe(1);
  });

  test("Dispatcher survives more stuck threads in a row than there are", { timeout: 30_000 }, async () => {
    // Eight threads that spin and are replaced: seconds, where others want the cores too.
    for (let i = 0; i < 4; i++) {
      const clients = [new Client(get("/hang-here")), new Client(get("/hang-here")), new Client(get("/ok"))];
      await judgeAll(dispatcher, clients);
      expect(clients.map((client) => client.rests)).toEqual([["stuck"], ["stuck"], ["more"]]);
    }
  });
});

describe("with threads that die", () => {
  const threads: Worker[] = [];
  const note = (message: unknown): void => void threads.push((message as { worker: Worker }).worker);
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    subscribe("worker_threads", note);
    // Long enough that a thread which hangs is ended by nobody but this test.
    dispatcher = await Dispatcher.start(snapshotOf({ timeouts: { classifyMs: 10_000 } }), "hang-here");
  });
  afterAll(() => {
    unsubscribe("worker_threads", note);
    return dispatcher.close();
  });

  test("Dispatcher judges on when all its threads died while they had nothing to do", async () => {
    expect(threads).toHaveLength(2);
    await Promise.all(threads.map((thread) => thread.terminate()));
    const clients = [new Client(get("/a")), new Client(get("/b"))];
    await judgeAll(dispatcher, clients);
    expect(clients.map((client) => client.rests)).toEqual([["more"], ["more"]]);
    expect(threads).toHaveLength(4);
    expect(dispatcher.stuck).toBe(0);
  });

  test("Dispatcher gives up the one client that a thread was at when it died, and judges the others", async () => {
    const clients = ["/hang-here", "/a", "/b"].map((path) => new Client(get(path)));
    for (const client of clients) dispatcher.enqueue(client);
    dispatcher.flush();
    // It is one of the two: the first that dies and was not at work leaves the client where it is.
    for (const thread of threads.slice(2)) {
      if (clients[0]?.done) break;
      await thread.terminate();
      await later();
    }
    await until(() => clients.every((client) => client.done));
    expect(clients.map((client) => client.rests)).toEqual([["stuck"], ["more"], ["more"]]);
    expect(dispatcher.stuck).toBe(1);
  });
});

/** A process of its own: what keeps it running is told before and behind close(); then it has nothing to do any more. */
const ON_ITS_OWN = `
  const { snapshotOf } = await import("${import.meta.resolve("../test-snapshot.ts")}");
  const { Dispatcher } = await import("${import.meta.resolve("./dispatch.ts")}");
  const rules = [{ name: "costly", when: { path: { regex: "^/" } }, class: "gold" }];
  const dispatcher = await Dispatcher.start(snapshotOf({ rules }));
  const head = Buffer.from("GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n");
  const peer = { family: 4, words: [0, 0, 0, 0], trusted: false };
  await new Promise((judgedAll) => {
    dispatcher.enqueue({ peer, unread: head, room: 1, content: -1, judged: () => {}, judgedAll });
    dispatcher.flush();
  });
  const keep = () => [...new Set(process.getActiveResourcesInfo())].filter((name) => /Timeout|Message|Worker/.test(name));
  while (keep().includes("Timeout") && performance.now() < 10_000) await new Promise((resolve) => setImmediate(resolve));
  console.log(...keep());
  await dispatcher.close();
  console.log("closed", ...keep());
`;

test("Dispatcher has no timer run while nothing is judged, and does not keep the process running once it is closed", {
  timeout: 30_000,
}, async () => {
  const args = ["--input-type=module", "--eval", ON_ITS_OWN];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stdout).toBe("MessagePort\nclosed\n");
});

describe("between generations", () => {
  let dispatcher: Dispatcher;
  afterEach(() => dispatcher.close());

  const everyone = (cls: string, generation: number): Snapshot =>
    snapshotOf({ rules: [], defaultClass: cls }, generation);

  test("Dispatcher judges a batch in flight by the rules that it left with, and the next by the new ones", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    const before = [new Client(get("/")), new Client(get("/"))];
    for (const client of before) dispatcher.enqueue(client);
    dispatcher.flush();
    const adopted = dispatcher.adopt(everyone("general", 2));
    await until(() => before.every((client) => client.done));
    await adopted;
    const after = [new Client(get("/")), new Client(get("/"))];
    await judgeAll(dispatcher, after);
    const seen = [...before, ...after].map(({ told }) => [told[0]?.class, told[0]?.generation]);
    expect(seen).toEqual([
      ["gold", 1],
      ["gold", 1],
      ["general", 2],
      ["general", 2],
    ]);
  });

  test("Dispatcher adopts a generation with the same rules and other servers without waiting for a thread", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    const { config } = everyone("gold", 2);
    const pools = config.pools.map((pool) => ({ ...pool, servers: [] }));
    void dispatcher.adopt({ term: 0, generation: 2, config: { ...config, pools } });
    expect(dispatcher.snapshot.generation).toBe(2);
    const clients = [new Client(get("/")), new Client(get("/"))];
    await judgeAll(dispatcher, clients);
    expect(clients.map(({ told }) => [told[0]?.class, told[0]?.generation])).toEqual([
      ["gold", 2],
      ["gold", 2],
    ]);
  });

  test("Dispatcher stays with the later of two generations, whichever is ready first", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    await Promise.all([dispatcher.adopt(everyone("general", 3)), dispatcher.adopt(everyone("gold", 2))]);
    expect(dispatcher.snapshot.generation).toBe(3);
  });

  test.each([
    ["the loop", 0],
    ["only a thread", LOOP_RULES + 1],
  ])(
    "Dispatcher goes on with the generation that it has when %s finds that the next one cannot be used",
    async (_, rules) => {
      const many = Array.from({ length: rules }, (__, n) => ({
        name: `rule ${n}`,
        when: { cookie: { n: `${n}` } },
        class: "gold",
      }));
      dispatcher = await Dispatcher.start(everyone("gold", 1));
      const { config } = snapshotOf({ rules: many }, 2);
      const jwt = {
        claim: "sub",
        from: { kind: "bearer" },
        algorithms: ["RS256"],
        key: { kind: "pem", value: "no key at all" },
        issuer: undefined,
        audience: undefined,
        clockToleranceSeconds: 5,
      } as const;
      const broken = {
        term: 0,
        generation: 2,
        config: { ...config, identity: { kind: "jwt", jwt } },
      } as const;
      await expect(dispatcher.adopt(broken)).rejects.toThrow();
      const clients = [new Client(get("/")), new Client(get("/"))];
      await judgeAll(dispatcher, clients);
      expect(clients.map(({ told }) => told[0]?.generation)).toEqual([1, 1]);
    },
  );

  test("Dispatcher goes on judging by the rules that it has while a thread learns others, which then is ready", {
    timeout: 30_000,
  }, async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    // So many that a thread takes its time.
    const rules = Array.from({ length: 3_000 }, (_, n) => ({
      name: `rule ${n}`,
      when: { host: `h${n}.example`, path: { prefix: `/${n}/` } },
      class: "gold",
    }));
    let isAdopted = false;
    const adopted = dispatcher.adopt(snapshotOf({ rules, defaultClass: "general" }, 2)).then(() => {
      isAdopted = true;
    });
    const seen: string[] = [];
    while (!isAdopted) {
      const clients = [new Client(get("/")), new Client(get("/"))];
      await judgeAll(dispatcher, clients);
      if (!isAdopted) seen.push(...clients.flatMap(judgedBy));
    }
    await adopted;
    expect(seen.length).toBeGreaterThan(4);
    expect(new Set(seen)).toEqual(new Set(["gold 1"]));
    const { batches } = dispatcher;
    const clients = [new Client(get("/")), new Client(get("/"))];
    for (const client of clients) dispatcher.enqueue(client);
    dispatcher.flush();
    expect(dispatcher.batches - batches).toBe(1);
    await until(() => clients.every((client) => client.done));
    expect(clients.flatMap(judgedBy)).toEqual(["general 2", "general 2"]);
  });

  test("Dispatcher has every thread learn new rules, those that judge meanwhile too", {
    timeout: 30_000,
  }, async () => {
    const options = { rules: [], classifierThreads: 2, timeouts: { classifyMs: 10_000 } };
    dispatcher = await Dispatcher.start(snapshotOf({ ...options, defaultClass: "gold" }), "hang-here");
    const clients = Array.from({ length: 300 }, () => new Client(get("/").repeat(20)));
    for (const client of clients) {
      client.again = (again) => dispatcher.enqueue(again);
      // Nobody runs out of heads before one was judged by the new rules, so that both threads are at work when they come.
      client.onVerdict = () => {
        if (client.told.at(-1)?.generation === 1)
          client.unread = Buffer.concat([client.unread, Buffer.from(get("/"))]);
      };
      dispatcher.enqueue(client);
    }
    dispatcher.flush();
    await dispatcher.adopt(snapshotOf({ ...options, defaultClass: "general" }, 2));
    await until(() => {
      dispatcher.flush();
      return clients.every((client) => client.unread.length === 0);
    });
    expect(new Set(clients.flatMap(judgedBy))).toEqual(new Set(["gold 1", "general 2"]));
    // One thread hangs, and stays so: who is judged now is judged by another one.
    dispatcher.enqueue(new Client(get("/hang-here")));
    dispatcher.flush();
    const other = new Client(get("/"));
    await judgeAll(dispatcher, [other]);
    expect(judgedBy(other)).toEqual(["general 2"]);
  });

  test("Dispatcher has every thread learn new rules, those that have nothing to do too", async () => {
    const options = { rules: [], classifierThreads: 2, timeouts: { classifyMs: 10_000 } };
    dispatcher = await Dispatcher.start(snapshotOf({ ...options, defaultClass: "gold" }), "hang-here");
    await dispatcher.adopt(snapshotOf({ ...options, defaultClass: "general" }, 2));
    dispatcher.enqueue(new Client(get("/hang-here")));
    dispatcher.flush();
    const other = new Client(get("/"));
    await judgeAll(dispatcher, [other]);
    expect(judgedBy(other)).toEqual(["general 2"]);
  });

  test("Dispatcher has the thread that takes the place of one that hangs judge by new rules", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1), "hang-here");
    await dispatcher.adopt(everyone("general", 2));
    for (let i = 0; i < 3; i++) {
      const clients = [new Client(get("/hang-here")), new Client(get("/"))];
      await judgeAll(dispatcher, clients);
      expect(clients.map(judgedBy)).toEqual([[], ["general 2"]]);
    }
  });

  test("Dispatcher adopts one generation after the other, also when each comes before the one before is ready", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    const classes = ["general", "gold", "general", "gold", "general"];
    await Promise.all(classes.map((cls, i) => dispatcher.adopt(everyone(cls, i + 2))));
    const clients = [new Client(get("/")), new Client(get("/"))];
    await judgeAll(dispatcher, clients);
    expect(clients.map(({ told }) => [told[0]?.class, told[0]?.generation])).toEqual([
      ["general", 6],
      ["general", 6],
    ]);
  });

  test("Dispatcher refuses rules that come when it was closed", async () => {
    dispatcher = await Dispatcher.start(everyone("gold", 1));
    await dispatcher.close();
    await expect(dispatcher.adopt(everyone("general", 2))).rejects.toThrow("were ended");
  });

  test("Dispatcher tells nothing any more once it was closed, and needs no thread to come to an end for it", async () => {
    dispatcher = await Dispatcher.start(snapshotOf(), "hang-here");
    const clients = [new Client(get("/hang-here")), new Client(get("/ok"))];
    for (const client of clients) dispatcher.enqueue(client);
    dispatcher.flush();
    await dispatcher.close();
    await later();
    expect(clients.map((client) => client.done)).toEqual([false, false]);
  });
});

test("Dispatcher sends even a lone client to a thread where there are too many rules for an event loop to index", async () => {
  const cookie = (n: number) => ({ name: `rule ${n}`, when: { cookie: { n: `${n}` } }, class: "gold" });
  const rules = Array.from({ length: LOOP_RULES + 1 }, (_, n) => cookie(n));
  const dispatcher = await Dispatcher.start(snapshotOf({ rules }));
  const client = new Client(get("/a", `Cookie: n=${LOOP_RULES}\r\n`));
  await judgeAll(dispatcher, [client]);
  expect(client.told.map((told) => told.class)).toEqual(["gold"]);
  expect([dispatcher.batches, dispatcher.inline]).toEqual([1, 0]);
  await dispatcher.close();
});

describe("with users named by tokens", () => {
  const secret = "a secret of thirty-two octets !!";
  const sign = (sub: string): Promise<string> =>
    new SignJWT({ sub })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("5m")
      .sign(Buffer.from(secret));
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    const rules = [{ name: "staff", when: { user: { in: ["ann", "bob"] } }, class: "gold" }];
    dispatcher = await Dispatcher.start(snapshotOf({ rules, identity: { jwt: { key: { secret } } } }));
  });
  afterAll(() => dispatcher.close());

  test("Dispatcher has signatures verified in a thread, even for a lone client, and keeps the order of heads", async () => {
    const [ann, carl] = await Promise.all([sign("ann"), sign("carl")]);
    const bearing = (path: string, token: string): string => get(path, `Authorization: Bearer ${token}\r\n`);
    const client = new Client(
      [bearing("/1", ann), get("/2"), bearing("/3", carl), bearing("/4", `${ann}x`), bearing("/5", ann)].join(
        "",
      ),
    );
    const { inline } = dispatcher;
    await judgeAll(dispatcher, [client]);
    expect(client.told.map(({ head, user, class: cls }) => [head.split(" ")[1], user, cls])).toEqual([
      ["/1", "ann", "gold"],
      ["/2", undefined, "general"],
      ["/3", "carl", "general"],
      ["/4", undefined, "general"],
      ["/5", "ann", "gold"],
    ]);
    expect(dispatcher.inline - inline).toBe(0);
  });

  test("Dispatcher gives every client of a batch its own user", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `user-${i}`);
    const tokens = await Promise.all(names.map(sign));
    const clients = tokens.map((token) => new Client(get("/", `Authorization: Bearer ${token}\r\n`)));
    await judgeAll(dispatcher, clients);
    expect(clients.map(({ told }) => told[0]?.user)).toEqual(names);
  });
});
