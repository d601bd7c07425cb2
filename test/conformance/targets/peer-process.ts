import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay, inTime } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { environment } from "./installed.ts";
import type { RunningProxy } from "./target.ts";

const PEERS = join(import.meta.dirname, "../peers");

/** What stands in a template as `<name>`. */
export type Values = Readonly<Record<string, string | number>>;

/** Starts a proxy with a configuration made from a template of `peers/`, and waits until it accepts. */
export async function startPeer(
  program: string,
  template: string,
  args: (file: string, directory: string) => readonly string[],
  values: Values,
): Promise<RunningProxy> {
  const directory = mkdtempSync(join(tmpdir(), "shunt-conformance-"));
  const file = join(directory, template);
  const port = await freePort();
  writeFileSync(file, fill(readFileSync(join(PEERS, template), "utf8"), { port, directory, ...values }));
  const child = spawn(program, args(file, directory), {
    stdio: ["ignore", "ignore", "pipe"],
    env: environment,
  });
  const exited = once(child, "exit");
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await inTime(exited, () => `the end of ${program}`);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await accepts(port, () => (child.exitCode === null ? undefined : `${program} ended: ${errors}`));
    return { host: "127.0.0.1", port, measure: "sense", [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function fill(template: string, values: Values): string {
  return template.replace(/<(\w+)>/g, (whole, name: string) => String(values[name] ?? whole));
}

async function accepts(port: number, ended: () => string | undefined): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    const socket = connect({ host: "127.0.0.1", port });
    const connected = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    const how = ended();
    if (how !== undefined) throw new Error(how);
    await delay(20);
  }
  throw new Error(`nobody accepts connections on port ${port}`);
}
