/**
 * Is loaded into every process of Shunt by NODE_OPTIONS, and does something in acceptors alone: whoever connects to their
 * socket in SOAK_DIR is told how late their loop was since the last time, and what their heap holds. Shunt knows nothing of it.
 */
import { createServer } from "node:net";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";
import type { Look } from "./look.ts";

/** A timer that fires as often; the histogram holds the times between, so this much of them is no delay. */
const RESOLUTION_MS = 1;

const { SOAK_DIR: directory } = process.env;
const isAcceptor = isMainThread && /worker[\\/]src[\\/]main\.ts$/.test(process.argv[1] ?? "");
if (directory !== undefined && isAcceptor) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const delayMs = (percentile: number): number =>
    Math.max(0, delays.percentile(percentile) / 1e6 - RESOLUTION_MS);
  createServer((socket) => {
    const { rss, heapUsed } = process.memoryUsage();
    const look: Look = {
      delayP50Ms: delayMs(50),
      delayP99Ms: delayMs(99),
      delayMostMs: delayMs(100),
      rss,
      heapUsed,
    };
    delays.reset();
    socket.end(JSON.stringify(look));
  })
    .listen(join(directory, `${process.pid}.sock`))
    .unref();
}
