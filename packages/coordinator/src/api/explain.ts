import { randomInt } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Explainer } from "../explain/explain.ts";
import { totals } from "../load/aggregate.ts";
import { serverNames } from "../load/server-names.ts";
import type { ApiContext } from "./context.ts";
import { checked, ProblemError, problem } from "./problem.ts";

const Value = z.string().max(16_384);

const Asked = z.strictObject({
  method: z.string().min(1).max(64).default("GET"),
  target: z.string().min(1).max(65_536),
  /** Name to value, or to values where a field is repeated. */
  headers: z.record(z.string().min(1).max(256), z.union([Value, z.array(Value).max(64)])).default({}),
  client: z.union([z.ipv4(), z.ipv6()], "Expected an IPv4 or IPv6 address").default("127.0.0.1"),
  user: z.string().max(1_024).optional(),
  /** Content, as text. Its length stands for itself; its type is one of the headers. */
  body: z.string().max(65_536).optional(),
  /** The chance in the choice; the same seed gives the same choice. */
  seed: z.int().min(0).max(0xffff_ffff).optional(),
});

/** Why a request would go where, with the loads of this moment. */
export function addExplain(app: FastifyInstance, { current, registry, config }: ApiContext): void {
  const explainer = new Explainer(current());
  const servers = serverNames(config);
  app.post("/v1/explain", async (request) => {
    const {
      seed = randomInt(2 ** 32),
      user,
      headers,
      body,
      ...asked
    } = checked(Asked, request.body, "content");
    const heard = registry.heard;
    const tables = heard.map((member) => member.loads);
    const loads = {
      acceptors: Math.max(1, heard.length),
      servers: new Map(totals(servers, tables).map((load) => [load.server, load])),
    };
    try {
      const content = body === undefined ? undefined : Buffer.from(body);
      return explainer.explain({ ...asked, user, headers: fieldsOf(headers), body: content }, loads, seed);
    } catch (error) {
      if (error instanceof RangeError) throw new ProblemError(problem(422, error.message));
      throw error;
    }
  });
}

function fieldsOf(headers: Readonly<Record<string, string | readonly string[]>>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value]] : value.map((one): [string, string] => [name, one]),
  );
}
