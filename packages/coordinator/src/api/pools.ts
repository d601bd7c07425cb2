import { namesIn, type ResolvedPool } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { type LoadTable, type TotalLoad, totals } from "../load/aggregate.ts";
import type { ApiContext } from "./context.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";

/** The pools of the configuration, each server with its state and what it is loaded with now. */
export function addPools(app: FastifyInstance, { config, registry }: ApiContext): void {
  serve(app, ROUTES.getPools, () => {
    const tables = registry.heard.map((member) => member.loads);
    return { pools: config.pools.map((pool) => describe(pool, tables)) };
  });
}

function describe(pool: ResolvedPool, tables: readonly LoadTable[]) {
  const loads = totals(namesIn(pool), tables);
  return {
    name: pool.name,
    balance: pool.balance,
    servers: pool.servers.map(({ name, authority, weight, state }, index) => {
      const { server: _, ...load } = loads[index] as TotalLoad;
      const health = healthOf(load.ejectedBy, tables.length);
      return { name, url: `http://${authority}`, weight, state, health, ...load };
    }),
  };
}

/** `state` is what the operator wants, `health` what acceptors find. */
function healthOf(ejectedBy: number, acceptors: number): string {
  if (ejectedBy === 0) return "ok";
  return ejectedBy >= acceptors ? "ejected" : `ejected by ${ejectedBy} of ${acceptors} acceptors`;
}
