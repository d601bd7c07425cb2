import { registerHooks } from "node:module";
import type { Acceptor } from "../../../packages/worker/src/acceptor.ts";
import { require } from "../engine/target.ts";
import { servedBy } from "./net.ts";
import type { FakeSocket, FarEnd } from "./socket.ts";
import { world } from "./world.ts";

/** Of the kernel's listener what accept/listener.ts uses of it. */
interface ListeningHandle {
  onconnection: (error: number, client: object) => void;
  setNoDelay(): number;
  setKeepAlive(): number;
}

/**
 * A whole acceptor without a kernel: its sockets are made up, its time stands still. What comes in and goes out is in the
 * hands of a target, octet by octet and turn by turn, some thousand times a second.
 */
export class Yard {
  readonly #acceptor: Acceptor;
  /** Open ones, of clients and of servers. */
  readonly #sockets = new Set<FakeSocket>();
  readonly #handle: ListeningHandle;

  static async open(options: Readonly<Record<string, unknown>> = {}): Promise<Yard> {
    redirectImports();
    const { Acceptor } = await import("../../../packages/worker/src/acceptor.ts");
    const { snapshotOf } = await import("../../../packages/worker/src/test-snapshot.ts");
    const { pino } = await import("pino");
    const acceptor = new Acceptor({
      id: "a1",
      snapshot: snapshotOf({ ...OPTIONS, ...options }),
      log: pino({ level: "silent" }),
    });
    await world.tickingFrom(() => acceptor.start());
    const handle: ListeningHandle = { onconnection: () => {}, setNoDelay: () => 0, setKeepAlive: () => 0 };
    await acceptor.listen({ name: "web", host: "127.0.0.1", port: 0, proxyProtocol: false }, 1, handle);
    return new Yard(acceptor, handle);
  }

  private constructor(acceptor: Acceptor, handle: ListeningHandle) {
    this.#acceptor = acceptor;
    this.#handle = handle;
  }

  /** A client connects. */
  connect(far: FarEnd): FakeSocket {
    let socket: FakeSocket | undefined;
    const opened = (made: FakeSocket): void => {
      made.far = far;
      socket = made;
    };
    world.inside(() => this.#handle.onconnection(0, { opened }));
    require(socket !== undefined, () => "a connection was not accepted");
    this.#sockets.add(socket);
    return socket;
  }

  /** From now on servers are made by `serve`, one for each connection to one. */
  served(serve: (socket: FakeSocket, port: number) => FarEnd): void {
    servedBy((socket, port) => {
      socket.far = serve(socket, port);
      this.#sockets.add(socket);
    });
  }

  /** Turns, until nothing is left to be done. Throws what was thrown in one of them. */
  settle(): void {
    this.#turn();
    const thrown = world.takeError();
    if (thrown !== undefined) throw thrown.error;
  }

  /** Nothing happens for longer than any time limit of the yard's. */
  wait(): void {
    world.pass(LONGER_THAN_LIMITS_MS);
    this.settle();
  }

  /** Everybody at the far ends goes away, so that nothing of this input is there for the next one. */
  clear(): void {
    for (const socket of this.#sockets) socket.break();
    this.#sockets.clear();
    this.#turn();
    world.takeError();
  }

  /** Nobody is there any more: so nothing may be left of anybody. */
  checkEmpty(): void {
    const { connections, exchanges } = this.#acceptor;
    require(connections === 0 && exchanges === 0, () =>
      `${connections} clients, ${exchanges} exchanges left`);
    for (const { server, outstanding, connections } of this.#acceptor.loads())
      require(outstanding === 0 && connections === 0, () =>
        `${server}: ${outstanding} outstanding, ${connections} connections left`);
  }

  #turn(): void {
    for (let turns = 0; world.busy; turns++) {
      require(turns < MOST_TURNS, () => `not at rest after ${MOST_TURNS} turns`);
      world.endTurn();
    }
  }
}

/** More turns than any conversation of a few thousand octets takes. */
const MOST_TURNS = 20_000;

const LIMIT_MS = 1_000;
/** A limit is late by some ticks, and one may follow upon another: of content, of the answer, of last words. */
const LONGER_THAN_LIMITS_MS = 8 * LIMIT_MS;

const OPTIONS = {
  timeouts: {
    headMs: LIMIT_MS,
    bodyIdleMs: LIMIT_MS,
    responseMs: LIMIT_MS,
    clientIdleMs: LIMIT_MS,
    serverIdleMs: LIMIT_MS,
    tunnelIdleMs: LIMIT_MS,
  },
  pools: {
    gold: { servers: { g1: { url: "http://127.0.0.1:9001" } } },
    general: { servers: { s1: { url: "http://127.0.0.1:9002" } } },
  },
  classes: { gold: { pool: "gold" }, general: { pool: "general" } },
  rules: [
    { name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" },
    {
      name: "gold content",
      when: { any: [{ body: { "/tier": "gold" } }, { body: { tier: "gold" } }] },
      class: "gold",
    },
  ],
};

/** What the data path imports of others, and what it gets instead. */
const STAND_INS: Readonly<Record<string, string>> = {
  "node:net": "./net.ts",
  piscina: "./piscina.ts",
  "./doorbell.ts": "./doorbell.ts",
};

function redirectImports(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const standIn = STAND_INS[specifier];
      const ofDataPath = context.parentURL?.includes("/packages/worker/src/") === true;
      if (standIn === undefined || !ofDataPath) return nextResolve(specifier, context);
      return { url: new URL(standIn, import.meta.url).href, shortCircuit: true };
    },
  });
}
