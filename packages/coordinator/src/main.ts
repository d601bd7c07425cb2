import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { type CoordinatorNotice, decodeCoordinatorOrder } from "@shunt/core";
import { type Logger, pino } from "pino";
import { type Coordinator, startCoordinator } from "./coordinator.ts";

/** The coordinator's process. The supervisor orders it to start over the IPC channel of the fork. */

const EXIT_INTERNAL_ERROR = 70;
const EXIT_USAGE = 64;

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
let log: Logger = logAt("info");
let coordinator: Coordinator | undefined;

if (process.send === undefined) {
  process.stderr.write("This is a part of Shunt that the supervisor starts: run `shunt up -c FILE`.\n");
  process.exit(EXIT_USAGE);
}
process.on("message", (message) => start(message).catch(fail));
process.on("SIGTERM", () => stop().catch(crash));
// A Ctrl-C reaches the whole group of processes; stopping is the supervisor's to order.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("disconnect", () => log.warn("the supervisor is gone, serving on until the next one starts"));
process.on("uncaughtException", crash);

async function start(message: unknown): Promise<void> {
  const { kind: _, ...order } = decodeCoordinatorOrder(message);
  log = logAt(order.config.log.level);
  coordinator = await startCoordinator({ ...order, version, log });
  const { snapshot, admin } = coordinator;
  // Now and not at the exit: who is killed writes nothing.
  flushCompileCache();
  tell({ kind: "ready", snapshot, admin });
}

async function stop(): Promise<void> {
  await coordinator?.stop();
  process.exit(0);
}

function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  log.fatal({ err: error }, "coordinator failed to start");
  tell({ kind: "failed", reason }, () => process.exit(EXIT_INTERNAL_ERROR));
}

function crash(error: unknown): void {
  log.fatal({ err: error }, "coordinator crashed");
  process.exit(EXIT_INTERNAL_ERROR);
}

/** Says it to the supervisor, if there is one still. */
function tell(notice: CoordinatorNotice, then: () => void = () => {}): void {
  if (process.send !== undefined && process.connected) process.send(notice, undefined, undefined, then);
  else then();
}

function logAt(level: string): Logger {
  return pino(
    { name: "coordinator", level, base: { pid: process.pid } },
    pino.destination({ fd: 2, sync: true }),
  );
}
