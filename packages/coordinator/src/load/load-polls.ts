import { parseAnnouncedLoad, type ResolvedServer, type Snapshot } from "@shunt/core";
import type { Logger } from "pino";
import type { Agent } from "undici";
import type { Duty } from "../leadership/duty.ts";

const LOOK_EVERY_MS = 50;
/** Octets of an answer that are read: a number, or a small JSON object. */
const MAX_ANSWER_BYTES = 1_024;
const ANSWER_WITHIN_MS = 2_000;
/** So many intervals a word holds on when no answer comes. */
const HELD_INTERVALS = 3;

interface Asked {
  readonly url: string;
  readonly intervalMs: number;
  nextAt: number;
  asking: boolean;
  failing: boolean;
  word: { readonly load: number; readonly at: number } | undefined;
}

export interface LoadPollsOptions {
  readonly current: () => Snapshot;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly clock?: () => number;
}

/** Asks servers how loaded they are, in pools with `announcedLoad: { poll }`: one question per server and interval. */
export class LoadPolls implements Duty {
  readonly #current: () => Snapshot;
  readonly #log: Logger;
  readonly #clock: () => number;
  /** `pool/server` -> what is known of it. */
  readonly #asked = new Map<string, Asked>();
  #snapshot: Snapshot | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #stopped = new AbortController();
  /** Made with the first question. */
  #agent: Promise<Agent> | undefined;

  constructor({ current, log, clock = () => performance.now() }: LoadPollsOptions) {
    this.#current = current;
    this.#log = log;
    this.#clock = clock;
  }

  start(): void {
    this.#stopped = new AbortController();
    this.#ticker = setInterval(() => this.#tick(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#ticker);
    this.#stopped.abort();
    // Its questions were given up; nobody waits for the connections to close.
    this.#agent?.then((agent) => agent.destroy()).catch(() => {});
    this.#agent = undefined;
    this.#asked.clear();
    this.#snapshot = undefined;
  }

  /** What servers said last, by `pool/server`; what is too long ago is left out. */
  words(): ReadonlyMap<string, number> {
    const now = this.#clock();
    const words = new Map<string, number>();
    for (const [server, { word, intervalMs }] of this.#asked)
      if (word !== undefined && now - word.at <= HELD_INTERVALS * intervalMs) words.set(server, word.load);
    return words;
  }

  #tick(): void {
    const snapshot = this.#current();
    if (snapshot !== this.#snapshot) this.#adopt(snapshot);
    const now = this.#clock();
    for (const [server, asked] of this.#asked) {
      if (asked.asking || asked.nextAt > now) continue;
      asked.nextAt = now + asked.intervalMs;
      this.#ask(server, asked, this.#stopped.signal).catch((error: unknown) =>
        this.#log.error({ err: error, server }, "asking for a load failed"),
      );
    }
  }

  /** A server that is asked at the same address goes on; the first questions are spread over an interval. */
  #adopt({ config }: Snapshot): void {
    this.#snapshot = this.#current();
    const before = new Map(this.#asked);
    this.#asked.clear();
    for (const { name: pool, announcedLoad, servers } of config.pools) {
      if (announcedLoad?.from !== "poll") continue;
      const { path, intervalMs } = announcedLoad;
      servers.filter(isAsked).forEach((server, index, all) => {
        const id = `${pool}/${server.name}`;
        const url = `http://${server.authority}${path}`;
        const known = before.get(id);
        const nextAt = this.#clock() + (intervalMs * index) / all.length;
        const fresh: Asked = { url, intervalMs, nextAt, asking: false, failing: false, word: undefined };
        this.#asked.set(id, known?.url === url && known.intervalMs === intervalMs ? known : fresh);
      });
    }
  }

  async #ask(server: string, asked: Asked, signal: AbortSignal): Promise<void> {
    asked.asking = true;
    try {
      const load = await this.#answer(asked.url, signal);
      asked.word = { load, at: this.#clock() };
      if (asked.failing) this.#log.info({ server }, "server says again how loaded it is");
      asked.failing = false;
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (!asked.failing)
        this.#log.warn({ server, url: asked.url, reason }, "server does not say how loaded it is");
      asked.failing = true;
    } finally {
      asked.asking = false;
    }
  }

  async #answer(url: string, signal: AbortSignal): Promise<number> {
    this.#agent ??= newAgent();
    const agent = await this.#agent;
    const { origin, pathname, search } = new URL(url);
    const { statusCode, body } = await agent.request({
      origin,
      path: pathname + search,
      method: "GET",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      headers: { accept: "application/json, text/plain", "user-agent": "shunt" },
    });
    const text = await textOf(body);
    if (statusCode !== 200) throw new Error(`expected status 200, found ${statusCode}`);
    const load = readLoad(text);
    if (load === undefined)
      throw new Error(
        `expected a number in 0..1 or {"load": it}, found ${JSON.stringify(text.slice(0, 60))}`,
      );
    return load;
  }
}

/** Its code is loaded where servers are asked: it is a quarter of what a coordinator loads. */
async function newAgent(): Promise<Agent> {
  const undici = await import("undici");
  return new undici.Agent({
    connections: 1,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connect: { timeout: ANSWER_WITHIN_MS },
  });
}

function isAsked({ state }: ResolvedServer): boolean {
  return state !== "maintenance";
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`expected at most ${MAX_ANSWER_BYTES} octets`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** `0.73`, with a line end or without, or `{"load": 0.73}`. */
export function readLoad(text: string): number | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) return parseAnnouncedLoad(trimmed);
  try {
    const { load } = JSON.parse(trimmed) as { load?: unknown };
    return typeof load === "number" && load >= 0 && load <= 1 ? load : undefined;
  } catch {
    return undefined;
  }
}
