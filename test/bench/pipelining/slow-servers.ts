import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { HOST, type ServerPorts, serverPorts } from "../loopback.ts";

/**
 * The four sample servers again, each answer held back. They run in the benchmark's own process: with a few requests
 * at a time their cost does not matter, and what they saw is at hand.
 */
export class SlowServers implements AsyncDisposable {
  readonly ports: ServerPorts;
  readonly #servers: readonly Server[];
  #running = 0;
  #mostRunning = 0;

  private constructor(ports: ServerPorts, delayMs: number) {
    this.ports = ports;
    const listener: RequestListener = async (request, response) => {
      this.#mostRunning = Math.max(this.#mostRunning, ++this.#running);
      await sleep(delayMs);
      this.#running--;
      response.end(`answer to ${request.url}\n`);
    };
    this.#servers = Object.values(ports).map((port) =>
      createServer({ keepAliveTimeout: 60_000 }, listener).listen(port, HOST),
    );
  }

  static async start(delayMs: number): Promise<SlowServers> {
    const servers = new SlowServers(await serverPorts(), delayMs);
    await Promise.all(servers.#servers.map((server) => once(server, "listening")));
    return servers;
  }

  /** How many requests ran at the same time at most since this was last asked, all servers together. */
  takeMostRunning(): number {
    const most = this.#mostRunning;
    this.#mostRunning = this.#running;
    return most;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}
