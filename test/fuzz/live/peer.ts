import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { environment, versionOf } from "../../conformance/targets/installed.ts";
import { eventually, inTime } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";

/** Another proxy that may be installed. */
export interface PeerKind {
  readonly name: string;
  readonly configuration: string;
  version(): string | undefined;
  args(file: string, directory: string): readonly string[];
}

export const PEERS: readonly PeerKind[] = [
  {
    name: "haproxy",
    configuration: "haproxy.cfg",
    version: () => versionOf("haproxy", ["-v"], /HAProxy version [\d.]+/),
    args: (file) => ["-db", "-f", file],
  },
  {
    name: "nginx",
    configuration: "nginx.conf",
    version: () => versionOf("nginx", ["-v"], /nginx\/[\d.]+/),
    args: (file, directory) => ["-p", directory, "-c", file],
  },
];

/** Another proxy before a server. */
export class Peer implements AsyncDisposable {
  readonly url: string;
  readonly #stop: () => Promise<void>;

  static async start(kind: PeerKind, server: number): Promise<Peer> {
    const directory = mkdtempSync(join(tmpdir(), "shunt-fuzz-"));
    const file = join(directory, kind.configuration);
    const port = await freePort();
    const values: Record<string, string | number> = { port, server, directory, user: userInfo().username };
    const template = readFileSync(join(import.meta.dirname, kind.configuration), "utf8");
    writeFileSync(
      file,
      template.replace(/<(\w+)>/g, (whole, name: string) => String(values[name] ?? whole)),
    );
    const child = spawn(kind.name, kind.args(file, directory), { stdio: "ignore", env: environment });
    const exited = once(child, "exit");
    await eventually(
      () => accepts(port),
      (does) => does,
    );
    return new Peer(`http://127.0.0.1:${port}`, async () => {
      child.kill("SIGTERM");
      await inTime(exited, () => `the end of ${kind.name}`);
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  const accepted = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return accepted;
}
