import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, inTime } from "./eventually.ts";
import { freePort } from "./ports.ts";
import { environment } from "./programs.ts";

const DEFAULTS = `defaults
  timeout connect 5s
  timeout client 20s
  timeout server 20s
`;

/** The real HAProxy, with one listening port. */
export class Haproxy implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = child;
    this.#directory = directory;
  }

  /** `config`: sections, with `<port>` where its port stands. Resolves when it accepts. */
  static async start(config: string): Promise<Haproxy> {
    const directory = mkdtempSync(join(tmpdir(), "shunt-test-"));
    const file = join(directory, "haproxy.cfg");
    const port = await freePort();
    writeFileSync(file, `${DEFAULTS}\n${config.replaceAll("<port>", String(port))}\n`);
    const stdio = ["ignore", "ignore", "inherit"] as const;
    const child = spawn("haproxy", ["-db", "-q", "-f", file], { stdio: [...stdio], env: environment });
    const haproxy = new Haproxy(port, child, directory);
    await eventually(
      () => isOpen(port),
      (open) => open,
    );
    return haproxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await inTime(exited, () => "the end of haproxy");
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const open = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return open;
}
