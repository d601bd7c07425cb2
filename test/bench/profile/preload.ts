/**
 * Is loaded into every process of Shunt by NODE_OPTIONS, and does something in acceptors alone: whoever connects to their
 * socket in PROFILE_DIR has them profiled until he ends his side, and is sent the profile as JSON. Shunt knows nothing of it.
 */
import { Session } from "node:inspector/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const SAMPLING_MICROS = 200;

const { PROFILE_DIR: directory } = process.env;
const isAcceptor = isMainThread && /worker[\\/]src[\\/]main\.ts$/.test(process.argv[1] ?? "");
if (directory !== undefined && isAcceptor) {
  createServer({ allowHalfOpen: true }, (socket) => void profile(socket))
    .listen(join(directory, `${process.pid}.sock`))
    .unref();
}

async function profile(socket: Socket): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_MICROS });
  await session.post("Profiler.start");
  socket.resume();
  await new Promise((resolve) => socket.once("end", resolve).once("error", resolve));
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  socket.end(JSON.stringify(profile));
}
