import { createHash } from "node:crypto";
import { serve } from "../../packages/coordinator/src/cli/serve.ts";
import { Log } from "../../packages/coordinator/src/supervisor/log.ts";
import { StartRefusal } from "../../packages/coordinator/src/supervisor/refusal.ts";
import { Supervisor } from "../../packages/coordinator/src/supervisor/supervisor.ts";

/**
 * What `shunt up` leaves running, with the configuration of the first argument and fake acceptors. `BROKEN_COORDINATOR`
 * makes its coordinator one that never starts.
 */
const [, , json = ""] = process.argv;
const config = JSON.parse(json);
const fileHash = createHash("sha256").update(json).digest("hex");
try {
  const workerMain = new URL("./fake-acceptor.ts", import.meta.url);
  const coordinatorMain = new URL("./broken-coordinator.ts", import.meta.url);
  const log = new Log(config.log.level);
  process.exitCode = await serve(
    new Supervisor({
      config,
      fileHash,
      state: config.state,
      acceptors: {},
      host: "here",
      log,
      workerMain,
      ...(process.env.BROKEN_COORDINATOR === undefined ? {} : { coordinatorMain }),
    }),
    log,
  );
} catch (error) {
  if (!(error instanceof StartRefusal)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
