import { createServer, type Server } from "node:http";
import { runAcceptorProcess } from "../../packages/worker/src/control/process.ts";

/**
 * An acceptor's process whose data path is a plain server: it answers every request with its pid. For tests of what
 * stands around the data path.
 *
 * `FAKE_ACCEPTOR` makes it misbehave: `refuse` fails at its start, `stay` never finishes draining.
 */
const mood = process.env.FAKE_ACCEPTOR;

runAcceptorProcess({
  version: "fake",
  create: ({ id }) => {
    /** By place, one for each of its handles. */
    const servers = new Map<number, Server[]>();
    let state: "starting" | "accepting" | "draining" | "stopped" = "starting";
    let answered = 0;
    const outstanding = new Set<object>();
    const held = new Set<() => void>();
    const answer = (path: string): Promise<void> => {
      if (path === "/hold") return new Promise((resolve) => held.add(resolve));
      const [, ms] = /^\/wait\/(\d+)/.exec(path) ?? [];
      return new Promise((resolve) => setTimeout(resolve, Number(ms ?? 0)));
    };
    return {
      get state() {
        return state;
      },
      connections: 0,
      get exchanges() {
        return outstanding.size;
      },
      async start() {
        if (mood === "refuse") throw new Error("this acceptor does not want to");
      },
      async listen(_listener, place, handle) {
        const server = createServer(async (request, response) => {
          outstanding.add(request);
          await answer(request.url ?? "/");
          outstanding.delete(request);
          answered += 1;
          if (state === "draining") response.setHeader("connection", "close");
          response.end(JSON.stringify({ id, pid: process.pid }));
        });
        servers.set(place, [...(servers.get(place) ?? []), server]);
        await new Promise<void>((resolve) => server.listen(handle, resolve));
        state = "accepting";
      },
      async unlisten(place) {
        for (const server of servers.get(place) ?? []) server.close();
      },
      apply: async () => true,
      applyLoad() {},
      applyHealth() {},
      applyShares() {},
      reportShares: () => ({ shares: [], granted: 0 }),
      loads: () => [
        {
          server: "gold/g1",
          outstanding: outstanding.size,
          latencyMs: 1,
          requests: answered,
          failures: 0,
          connections: 1,
          errors: 0,
          ejected: false,
        },
      ],
      counters: () => ({
        counters: { exchanges_total: answered },
        gauges: {},
        labelled: {},
        histograms: {},
      }),
      recent: () => [],
      async drain() {
        state = "draining";
        if (mood === "stay") await new Promise(() => setInterval(() => {}, 1_000));
        await Promise.all(
          [...servers.values()].flat().map((server) => new Promise((resolve) => server.close(resolve))),
        );
        state = "stopped";
      },
      reopenLogs() {
        for (const release of held) release();
      },
    };
  },
});
