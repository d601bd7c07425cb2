import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";

/** The acceptors that are connected to this coordinator. */
export function addAcceptors(app: FastifyInstance, { registry, current }: ApiContext): void {
  app.get("/v1/acceptors", async () => ({
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
