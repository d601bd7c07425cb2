import { namesIn, type ResolvedPool } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import type { KnownHealth } from "../health/known-health.ts";
import { mergedHealth } from "../health/merged-health.ts";
import { type LoadTable, type TotalLoad, totals } from "../load/aggregate.ts";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The pools of the configuration, each server with its state, its health and what it is loaded with now. */
export function addPools(app: FastifyInstance, { config, registry, health }: ApiContext): void {
  serve(app, ROUTES.getPools, () => {
    const tables = registry.heard.map((member) => member.loads);
    return { pools: config.pools.map((pool) => describe(pool, tables, health)) };
  });
}

function describe(pool: ResolvedPool, tables: readonly LoadTable[], known: KnownHealth) {
  const loads = totals(namesIn(pool), tables);
  return {
    name: pool.name,
    balance: pool.balance,
    servers: pool.servers.map(({ name, authority, weight, state }, index) => {
      const { server, ...load } = loads[index] as TotalLoad;
      const { health, reasons } = mergedHealth(server, pool, known.of(server), tables);
      return { name, url: `http://${authority}`, weight, state, health, reasons, ...load };
    }),
  };
}
