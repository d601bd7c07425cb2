import { z } from "zod";
import {
  AcceptorsAnswer,
  ChangeAnswer,
  CoordinatorAnswer,
  ExplainAnswer,
  HistoryAnswer,
  PoolsAnswer,
} from "../../api/schemas.ts";
import type { Explanation } from "../../explain/explain.ts";
import { CommandFailure, EXIT } from "../exit-code.ts";

/** What commands read of answers. A coordinator may be newer or older than the command. */

/** Those of other versions may lack what is newer. */
const Pools = PoolsAnswer.extend({
  pools: z.array(
    PoolsAnswer.shape.pools.element.extend({
      servers: z.array(
        PoolsAnswer.shape.pools.element.shape.servers.element.extend({
          rate: z.number().default(0),
          errors: z.number().default(0),
          averageMs: z.number().default(0),
          reasons: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

export type PoolsSeen = z.output<typeof Pools>["pools"];
export type AcceptorsSeen = z.output<typeof AcceptorsAnswer>["acceptors"];
export type CoordinatorSeen = z.output<typeof CoordinatorAnswer>;
export type ChangeSeen = z.output<typeof ChangeAnswer>;
export type HistorySeen = z.output<typeof HistoryAnswer>["history"];

export const readPools = (body: unknown): PoolsSeen => read(Pools, body).pools;
export const readAcceptors = (body: unknown): AcceptorsSeen => read(AcceptorsAnswer, body).acceptors;
export const readCoordinator = (body: unknown): CoordinatorSeen => read(CoordinatorAnswer, body);
export const readChange = (body: unknown): ChangeSeen => read(ChangeAnswer, body);
export const readHistory = (body: unknown): HistorySeen => read(HistoryAnswer, body).history;
/** Its parts are as this version writes them; how it ends alone is looked at. */
export const readExplanation = (body: unknown): Explanation =>
  read(ExplainAnswer, body) as object as Explanation;

/** @throws CommandFailure */
function read<T extends z.ZodType>(form: T, body: unknown): z.output<T> {
  const result = form.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CommandFailure(
    EXIT.refused,
    `shunt: the admin API answers in a form that this version does not know, at ${issue?.path.join(".")}: ${issue?.message}. Use the \`shunt\` of the coordinator's version.`,
  );
}
