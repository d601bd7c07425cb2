import type { Log } from "../supervisor/log.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";

/** Starts, says where it serves, and waits for the signal to stop. Resolves with the exit code. */
export async function serve(supervisor: Supervisor, log: Log): Promise<number> {
  // Whoever read our output may go; those who are served stay.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const stopped = untilSignalled(supervisor, log);
  const started = supervisor.start().then(({ listeners, admin }) => {
    const addresses = [...listeners, ...(admin === undefined ? [] : ["admin", admin])];
    process.stdout.write(`ready ${addresses.join(" ")}\n`);
  });
  // Stopped while it was starting: nobody is interested in how the start ends.
  await Promise.race([started, stopped]);
  return await stopped;
}

/** A Ctrl-C may arrive twice, from the terminal and from whoever started us (npm, npx): that is one order. */
const ONE_ORDER_MS = 500;

/** The first signal drains, a second one ends everything at once. Resolves with the exit code when all is drained. */
function untilSignalled(supervisor: Supervisor, log: Log): Promise<number> {
  process.on("SIGUSR2", () => supervisor.reopenLogs());
  return new Promise((resolve, reject) => {
    let since: number | undefined;
    const onSignal = (): void => {
      const now = performance.now();
      if (since === undefined) {
        since = now;
        supervisor.stop().then(() => resolve(0), reject);
      } else if (now - since > ONE_ORDER_MS) {
        supervisor.abort();
        process.exit(1);
      }
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    process.on("SIGHUP", () => {
      // From a terminal that was closed; to a service it would mean to read the configuration again.
      if (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) onSignal();
      else log.warn({}, "SIGHUP ignored: `shunt config put FILE` has a changed configuration hold");
    });
  });
}
