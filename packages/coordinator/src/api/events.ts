import { FIXED } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { EventStream } from "../events/event-stream.ts";
import type { ApiContext } from "./context.ts";
import { ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** What happens from now on, or since `Last-Event-ID`, as server-sent events. */
export function addEvents(app: FastifyInstance, { events }: ApiContext): void {
  const streams = new Set<EventStream>();
  const heart = setInterval(() => {
    for (const stream of streams) stream.heartbeat();
  }, FIXED.eventHeartbeatMs).unref();
  app.addHook("preClose", async () => {
    clearInterval(heart);
    for (const stream of streams) stream.end();
  });
  serve(app, ROUTES.getEvents, ({ request, reply }) => {
    if (streams.size >= FIXED.eventListeners) {
      throw new ProblemError(problem(503, `There are ${FIXED.eventListeners} listeners already; ask later`));
    }
    const id = request.headers["last-event-id"];
    const stream = new EventStream(events, typeof id === "string" ? id : undefined);
    streams.add(stream);
    stream.readable.once("close", () => streams.delete(stream));
    return reply.type("text/event-stream").send(stream.readable);
  });
}
