import { Agent, request } from "undici";
import { noAnswer, refusedBy } from "./failure.ts";

/** More than the largest configuration, and than the loads of the largest cluster, have as JSON. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface AdminClientOptions {
  /** Stands in front of what went wrong: `drain`. */
  readonly command: string;
  readonly address: URL;
  readonly token: string | undefined;
  /** For the whole of one request and its answer. */
  readonly timeoutMs: number;
}

export interface Sent {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly dryRun?: boolean | undefined;
  /** A version, as `TERM-GENERATION`, with the quotes of an entity tag or without. */
  readonly ifMatch?: string | undefined;
}

export interface Answer {
  readonly body: unknown;
  readonly etag: string | undefined;
}

/** The admin API of a coordinator. Whatever is not an answer to what was asked becomes a CommandFailure. */
export class AdminClient {
  readonly #options: AdminClientOptions;
  readonly #agent = new Agent({ maxResponseSize: MAX_ANSWER_BYTES, pipelining: 1 });

  constructor(options: AdminClientOptions) {
    this.#options = options;
  }

  get(path: string, query: Sent["query"] = {}): Promise<Answer> {
    return this.send("GET", path, { query });
  }

  /** @throws CommandFailure */
  async send(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    sent: Sent = {},
  ): Promise<Answer> {
    const { command, timeoutMs } = this.#options;
    const url = this.#urlOf(path, sent);
    const what = { command, method, url, timeoutMs };
    const answer = await request(url, {
      method,
      dispatcher: this.#agent,
      headers: this.#headersOf(sent),
      body: sent.body === undefined ? null : JSON.stringify(sent.body),
      signal: AbortSignal.timeout(timeoutMs),
    })
      .then(async ({ statusCode, headers, body }) => ({ statusCode, headers, text: await body.text() }))
      .catch((error: unknown) => {
        throw noAnswer(what, error);
      });
    const { statusCode, headers, text } = answer;
    const body = parsed(text);
    if (statusCode >= 200 && statusCode < 300 && body !== undefined) {
      return { body, etag: typeof headers.etag === "string" ? headers.etag : undefined };
    }
    throw refusedBy(what, statusCode, body);
  }

  #urlOf(path: string, { query = {}, dryRun }: Sent): URL {
    const { address } = this.#options;
    const url = new URL(address);
    url.pathname = address.pathname.replace(/\/$/, "") + path;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    if (dryRun === true) url.searchParams.set("dryRun", "true");
    return url;
  }

  #headersOf({ body, ifMatch }: Sent): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(ifMatch === undefined ? {} : { "if-match": /^[\d-]+$/.test(ifMatch) ? `"${ifMatch}"` : ifMatch }),
    };
  }
}

/** Undefined where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
