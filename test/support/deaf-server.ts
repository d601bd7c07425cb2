import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const PROGRAM = `require("node:net").createServer()
  .listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); });`;
/** With a backlog of 1 the kernel keeps two connections for a process that accepts none. */
const WAITING = 2;

/** A server whose queue of connections is full: the kernel leaves every further SYN without an answer. */
export class DeafServer implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #waiting: readonly Socket[];

  private constructor(name: string, port: number, child: ChildProcess, waiting: readonly Socket[]) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.#child = child;
    this.#waiting = waiting;
  }

  static async start(name: string): Promise<DeafServer> {
    const child = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(child.stdout, "data");
    child.kill("SIGSTOP");
    const port = Number(String(line));
    const waiting = Array.from({ length: WAITING }, () => connect({ port, host: "127.0.0.1" }));
    await Promise.all(waiting.map((socket) => once(socket, "connect")));
    return new DeafServer(name, port, child, waiting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting) socket.on("error", () => {}).destroy();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
