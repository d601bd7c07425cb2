import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PATIENCE_MS = 30_000;

/**
 * Lets a child that does nothing else compile what of an acceptor's code is not compiled yet. The first acceptors would
 * otherwise carry the compiler with them for as long as they live: 55 MB each, measured on Node 26.
 * What goes wrong here goes wrong again, and is told, when the first acceptor starts.
 */
export async function compile(main: URL, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(main), "--compile-only"], {
    env,
    stdio: "ignore",
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
    signal,
  });
  await new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
}
