import type { ResolvedPool, ResolvedServer } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { noPool, noServer } from "../change/edit.ts";
import { changeAnswer, changeBy } from "./change.ts";
import type { ApiContext } from "./context.ts";
import { ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { serve } from "./serve.ts";
import { describeServers } from "./server-description.ts";

/** The servers of pools: added, looked at, changed, removed. */
export function addServers(app: FastifyInstance, context: ApiContext): void {
  const { configuration, registry, health } = context;

  serve(app, ROUTES.addServer, async (call) => {
    const { pool } = call.parameters;
    const { name, ...options } = call.body;
    const outcome = await changeBy(call, context, { kind: "add-server", pool, server: name, options });
    if (outcome.kind === "changed")
      call.reply.code(201).header("location", `/v1/pools/${pool}/servers/${name}`);
    return changeAnswer(outcome);
  });

  serve(app, ROUTES.getServer, ({ parameters }) => {
    const { pool, server } = find(configuration.current.config.pools, parameters);
    const tables = registry.heard.map((member) => member.loads);
    return describeServers(pool, [server], tables, health)[0];
  });

  serve(app, ROUTES.patchServer, async (call) =>
    changeAnswer(await changeBy(call, context, { kind: "patch-server", ...call.parameters, ...call.body })),
  );

  serve(app, ROUTES.removeServer, async (call) =>
    changeAnswer(await changeBy(call, context, { kind: "remove-server", ...call.parameters })),
  );
}

interface Named {
  readonly pool: string;
  readonly server: string;
}

function find(
  pools: readonly ResolvedPool[],
  named: Named,
): { readonly pool: ResolvedPool; readonly server: ResolvedServer } {
  const pool = pools.find(({ name }) => name === named.pool);
  if (pool === undefined) throw new ProblemError(problem(404, noPool(named.pool, pools)));
  const server = pool.servers.find(({ name }) => name === named.server);
  if (server === undefined) throw new ProblemError(problem(404, noServer(named.server, pool)));
  return { pool, server };
}
