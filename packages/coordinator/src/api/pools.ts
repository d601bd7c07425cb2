import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";
import { describeServers } from "./server-description.ts";

/** The pools of the configuration, each server with its state, its health and what it is loaded with now. */
export function addPools(app: FastifyInstance, { current, registry, health }: ApiContext): void {
  serve(app, ROUTES.getPools, () => {
    const tables = registry.heard.map((member) => member.loads);
    return {
      pools: current().config.pools.map((pool) => ({
        name: pool.name,
        balance: pool.balance,
        servers: describeServers(pool, pool.servers, tables, health),
      })),
    };
  });
}
