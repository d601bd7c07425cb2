import type { RedisWatch } from "./redis-watch.ts";

/** The part of a Redis client that a link needs; one server and a Cluster have it alike. */
export interface LinkedClient {
  on(event: "ready" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  ping(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
}

/** So often, in milliseconds, a server that takes no writes is connected to anew. */
const RENEW_EVERY_MS = 5_000;
const CLOSED = "the connection was closed";

export interface LinkOptions<C extends LinkedClient> {
  /** It has not been asked to connect yet, and connects again by itself. */
  readonly client: C;
  /** What the connection is for, in a word. */
  readonly name: string;
  readonly watch: RedisWatch;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly onReady?: (() => void) | undefined;
  /** Once for each time that it was ready, and once before it ever was. `reason` is for the log. */
  readonly onLost?: ((reason: string) => void) | undefined;
}

/** One connection to Redis, as long as it is wanted: watched, and never waited for. */
export class RedisLink<C extends LinkedClient> {
  readonly client: C;
  readonly #options: LinkOptions<C>;
  #ready = false;
  #saidLost = false;
  #closed = false;
  #renewing = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #lastError = CLOSED;

  constructor(options: LinkOptions<C>) {
    this.#options = options;
    this.client = options.client;
    const { client } = options;
    client.on("ready", () => this.#prove());
    client.on("close", () => this.#lost());
    client.on("error", (error) => this.#failed(error));
  }

  /** Begins the name of all that is attempted here. */
  get #prefix(): string {
    return `${this.#options.name}: `;
  }

  /** A command would leave now. */
  get ready(): boolean {
    return this.#ready;
  }

  open(): void {
    // It goes on trying after the first try has failed, and what failed is told as an error.
    this.client.connect().catch(() => {});
  }

  close(): void {
    this.#closed = true;
    this.#ready = false;
    this.client.disconnect();
  }

  /**
   * Runs what needs Redis, and keeps account of it.
   * @param attempted in a word or two; one of few, for it is kept. @throws what the client throws.
   */
  async run<T>(attempted: string, command: (client: C) => Promise<T>): Promise<T> {
    const { now } = this.#options;
    const began = now();
    return await this.#account(attempted, command, () => now() - began);
  }

  /** The same for what waits at Redis on purpose: how long it takes says nothing. */
  async wait<T>(attempted: string, command: (client: C) => Promise<T>): Promise<T> {
    return await this.#account(attempted, command, () => undefined);
  }

  async #account<T>(
    attempted: string,
    command: (client: C) => Promise<T>,
    took: () => number | undefined,
  ): Promise<T> {
    const { watch } = this.#options;
    const wasReady = this.#ready;
    try {
      const reply = await command(this.client);
      watch.succeeded(this.#prefix + attempted, took());
      return reply;
    } catch (thrown) {
      const error = isUnsent(thrown) ? new Error(`there is no connection: ${this.#lastError}`) : thrown;
      // What we cut short ourselves is no trouble, and why it is not connected is told by the connection.
      const isOurs = this.#closed || this.#renewing || !wasReady;
      if (!isOurs && watch.failed(this.#prefix + attempted, error) === "read_only") this.#renew();
      throw error;
    }
  }

  /** Behind the name, or the address, another server may be the primary by now. */
  #renew(): void {
    const now = this.#options.now();
    if (!this.#ready || now - this.#renewedAt < RENEW_EVERY_MS) return;
    this.#renewedAt = now;
    this.#renewing = true;
    this.client.disconnect(true);
  }

  /** A socket that opens proves nothing: the network may swallow what is sent, and Redis may be loading. */
  #prove(): void {
    this.client.ping().then(
      () => this.#opened(),
      (error: unknown) => {
        this.#failed(error);
        if (!this.#closed) this.client.disconnect(true);
      },
    );
  }

  #opened(): void {
    if (this.#closed) return;
    this.#ready = true;
    this.#renewing = false;
    this.#saidLost = false;
    this.#lastError = CLOSED;
    this.#options.watch.connected(this.#prefix);
    this.#options.onReady?.();
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#lastError = error instanceof Error ? error.message : String(error);
    this.#options.watch.failed(`${this.#prefix}connect`, error);
  }

  #lost(): void {
    const wasReady = this.#ready;
    this.#ready = false;
    if (this.#closed) return;
    const { watch, onLost } = this.#options;
    watch.disconnected(this.#prefix);
    if (wasReady && !this.#renewing) watch.failed(`${this.#prefix}connect`, "Connection is closed");
    if (this.#saidLost) return;
    this.#saidLost = true;
    onLost?.(this.#lastError);
  }
}

/** The client's words for a command without a connection are about its own options. They reach people, who have a Redis. */
const isUnsent = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.message.startsWith("Stream isn't writeable");
