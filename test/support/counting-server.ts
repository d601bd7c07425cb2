import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Counts what it has in flight: from a request's arrival to just before its answer leaves. */
export class CountingServer implements AsyncDisposable {
  inFlight = 0;
  most = 0;
  served = 0;
  /** Milliseconds, of all requests together. */
  busyMs = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(serviceMs: number, host = "127.0.0.1"): Promise<CountingServer> {
    const server = createServer({ keepAliveTimeout: 600_000 });
    const counting = new CountingServer(server);
    server.on("request", (_, response) => {
      const began = performance.now();
      counting.inFlight++;
      counting.most = Math.max(counting.most, counting.inFlight);
      setTimeout(() => {
        counting.inFlight--;
        counting.served++;
        counting.busyMs += performance.now() - began;
        response.end("ok");
      }, serviceMs);
    });
    server.listen(0, host);
    await once(server, "listening");
    return counting;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
