import {
  type AcceptorMessage,
  busNames,
  type CoordinatorMessage,
  type Fence,
  leaseValue,
  RedisWatch,
  type ResolvedRedis,
  type SnapshotVersion,
} from "@shunt/core";
import { Redis } from "ioredis";
import { type Logger, pino } from "pino";
import { RedisBus } from "../../packages/coordinator/src/bus/redis-bus.ts";
import type { BusPeer } from "../../packages/coordinator/src/bus/state-bus.ts";
import { RedisTransport } from "../../packages/worker/src/control/redis-transport.ts";

type Line = Readonly<Record<string, unknown>>;

function logged(): { readonly lines: Line[]; readonly log: Logger } {
  const lines: Line[] = [];
  return { lines, log: pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }) };
}

/** A coordinator's end of the state bus over Redis, which remembers what it heard. */
export class CoordinatorEnd implements AsyncDisposable {
  readonly heard: { readonly peer: BusPeer; readonly message: AcceptorMessage }[] = [];
  readonly gone: BusPeer[] = [];
  readonly fenced: (string | undefined)[] = [];
  readonly lines: readonly Line[];
  readonly watch: RedisWatch;
  readonly bus: RedisBus;
  /** Under what it believes that it leads. */
  fence: Fence | undefined;

  private constructor(redis: ResolvedRedis, fence: Fence | undefined) {
    const { lines, log } = logged();
    this.lines = lines;
    this.fence = fence;
    this.watch = new RedisWatch({
      began: (reason, sentence, detail) => log.warn({ reason, detail }, sentence),
      ended: (reason) => log.info({ reason }, "over"),
    });
    this.bus = new RedisBus({
      redis,
      watch: this.watch,
      log,
      listener: {
        onMessage: (peer, message) => this.heard.push({ peer, message }),
        onGone: (peer) => this.gone.push(peer),
      },
      fence: () => this.fence,
      onFenced: (_, lease) => this.fenced.push(lease),
    });
  }

  static async open(redis: ResolvedRedis, fence?: Fence): Promise<CoordinatorEnd> {
    const end = new CoordinatorEnd(redis, fence);
    await end.bus.listen();
    return end;
  }

  of<K extends AcceptorMessage["kind"]>(kind: K): Extract<AcceptorMessage, { kind: K }>[] {
    return this.heard
      .map(({ message }) => message)
      .filter((message): message is Extract<AcceptorMessage, { kind: K }> => message.kind === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus.close();
  }
}

/** An acceptor's end of it: tells all when it is asked to, and remembers what it was told. */
export class AcceptorEnd implements AsyncDisposable {
  readonly told: CoordinatorMessage[] = [];
  readonly losses: string[] = [];
  opened = 0;
  readonly lines: readonly Line[];
  readonly transport: RedisTransport;
  readonly #id: string;
  readonly #snapshot: SnapshotVersion;
  #seq = 0;
  #isClosed = false;

  constructor(redis: ResolvedRedis, id: string, snapshot: SnapshotVersion = { term: 0, generation: 0 }) {
    const { lines, log } = logged();
    this.lines = lines;
    this.#id = id;
    this.#snapshot = snapshot;
    this.transport = new RedisTransport({ redis, id, host: "h", version: "0", snapshot, log });
    this.transport.open({
      onOpen: () => {
        this.opened += 1;
        this.#tellAll();
      },
      onMessage: (message) => {
        this.told.push(message);
        if (message.kind === "tell-all") this.#tellAll();
      },
      onLost: (reason) => this.losses.push(reason),
    });
  }

  /** The number of the report; undefined: it could not leave. */
  load(): number | undefined {
    if (!this.transport.canSend) return undefined;
    this.#seq += 1;
    this.transport.send({ kind: "load", seq: this.#seq, servers: [], shares: [], granted: 0 });
    return this.#seq;
  }

  of<K extends CoordinatorMessage["kind"]>(kind: K): Extract<CoordinatorMessage, { kind: K }>[] {
    return this.told.filter(
      (message): message is Extract<CoordinatorMessage, { kind: K }> => message.kind === kind,
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.transport.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tellAll(): void {
    const { term, generation } = this.#snapshot;
    const { transport } = this;
    transport.send({ kind: "hello", acceptor: this.#id, host: "h", pid: 1, term, generation, version: "0" });
    this.load();
  }
}

/** Somebody with a client of his own, who sees and does what no part of Shunt would. */
export class Intruder implements AsyncDisposable {
  readonly redis: Redis;
  readonly names: ReturnType<typeof busNames>;

  constructor(url: string, prefix: string) {
    this.redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
    this.redis.on("error", () => {});
    this.names = busNames(prefix);
  }

  /** Makes the lease of whoever is named. */
  async lead(fence: Fence): Promise<void> {
    await this.redis.set(this.names.lease, leaseValue(fence));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
  }
}
