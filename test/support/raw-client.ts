import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { inTime } from "./eventually.ts";
import { OctetSource } from "./octet-source.ts";
import { type RawResponse, readResponse } from "./response-reader.ts";

/** A client whose every octet is chosen by the test. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly #source: OctetSource;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    // What fails is told by the iterator; and the other direction lives on when one has ended.
    this.#source = new OctetSource(socket.iterator({ destroyOnReturn: false }));
  }

  /** `from`: the address to connect from, of those of this host. */
  static async connect(url: string, from?: string): Promise<RawClient> {
    const { hostname: host, port } = new URL(url);
    const socket = connect({
      host,
      port: Number(port),
      localAddress: from,
      noDelay: true,
      allowHalfOpen: true,
    });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Resolves when the kernel has taken it. */
  async send(octets: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.write(octets, (error) => (error == null ? resolve() : reject(error)));
    });
  }

  /** Sends a request without content, and reads its response. */
  async ask(target: string, ...fields: string[]): Promise<RawResponse> {
    await this.send(get(target, ...fields));
    return await this.response();
  }

  /** The next response. `method`: of its request, since that decides whether a body follows. */
  async response(method = "GET"): Promise<RawResponse> {
    return await inTime(readResponse(this.#source, method), () => `the response to ${method}`);
  }

  async responses(count: number): Promise<RawResponse[]> {
    const responses: RawResponse[] = [];
    while (responses.length < count) responses.push(await this.response());
    return responses;
  }

  /** The next octets as they are. */
  async take(length: number): Promise<string> {
    return (await inTime(this.#source.take(length), () => `${length} octets`)).toString("latin1");
  }

  /** Whether the other end closes, in order, with nothing said before. If so, this one does too. */
  async closes(): Promise<boolean> {
    const closed = await inTime(this.#source.ended(), () => "the end of the connection");
    if (closed) this.socket.end();
    return closed;
  }

  /** Whatever is said up to the end. Rejects when the connection is reset. */
  async rest(): Promise<string> {
    return (await inTime(this.#source.rest(), () => "the end of the connection")).toString("latin1");
  }

  /** Says that nothing more is sent; the answers can still come. */
  end(): void {
    this.socket.end();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** The octets of a GET of HTTP/1.1. */
export function get(target: string, ...fields: string[]): string {
  return head(`GET ${target} HTTP/1.1`, "Host: shunt.test", ...fields);
}

/** The octets of a POST with its content. */
export function post(target: string, content: string, ...fields: string[]): string {
  const length = `Content-Length: ${Buffer.byteLength(content)}`;
  return head(`POST ${target} HTTP/1.1`, "Host: shunt.test", length, ...fields) + content;
}

export function head(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}
