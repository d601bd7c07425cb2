import { fork } from "node:child_process";
import { extname } from "node:path";
import type { ConfigNotice } from "@shunt/core";
import { decodeConfigNotice } from "@shunt/core/contract/decode";

/** A file that computes longer than this is taken to hang. */
const LOAD_WITHIN_MS = 30_000;

/** Has a short-lived process load the configuration: what that takes in code and memory is not the supervisor's. */
export async function loadConfigInChild(file: string): Promise<ConfigNotice> {
  const main = new URL(`../cli/emit-config${extname(import.meta.url)}`, import.meta.url);
  // What the file prints is not an answer of `shunt up`: only that goes to standard output.
  const child = fork(main, [file], { execArgv: [], stdio: ["ignore", process.stderr, "inherit", "ipc"] });
  const patience = setTimeout(() => child.kill("SIGKILL"), LOAD_WITHIN_MS);
  try {
    return await new Promise<ConfigNotice>((resolve) => {
      child.once("message", (message) => resolve(decodeConfigNotice(message)));
      child.once("error", (error) => resolve(failed(file, error.message)));
      child.once("exit", (code, signal) => resolve(failed(file, `its process ended with ${signal ?? code}`)));
    });
  } finally {
    clearTimeout(patience);
    child.kill("SIGKILL");
  }
}

function failed(file: string, reason: string): ConfigNotice {
  return { kind: "mistakes", mistakes: [`${file}: loading the configuration failed: ${reason}`] };
}
