import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The acceptors that are connected to this coordinator. */
export function addAcceptors(app: FastifyInstance, { registry, current }: ApiContext): void {
  serve(app, ROUTES.getAcceptors, () => ({
    generation: current().generation,
    acceptors: registry.members.map((member) => ({
      id: member.id,
      host: member.host,
      pid: member.pid,
      version: member.version,
      since: new Date(member.since).toISOString(),
      heard: new Date(member.lastHeardAt).toISOString(),
      state: member.status.state,
      generation: member.snapshot.generation,
      connections: member.status.connections,
      exchanges: member.status.exchanges,
    })),
  }));
}
