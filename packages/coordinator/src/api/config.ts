import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Edit } from "../change/change.ts";
import { optionsOf, ownOptionsOf, REPLACED } from "../change/options-of.ts";
import { isObject } from "../config/is-object.ts";
import { changeAnswer, changeBy } from "./change.ts";
import type { ApiContext } from "./context.ts";
import { entityTag, isKnown } from "./entity-tag.ts";
import { checked, ProblemError, problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import { ConfigEnvelope } from "./schemas.ts";
import { serve } from "./serve.ts";

/** The configuration with all defaults and without secrets, as it is, was, and is to be. */
export function addConfig(app: FastifyInstance, context: ApiContext): void {
  const { configuration, own } = context;
  const ownOptions = ownOptionsOf(own, REPLACED);

  serve(app, ROUTES.getConfig, ({ request, reply }) => {
    const { current } = configuration;
    reply.header("etag", entityTag(current));
    if (isKnown(request.headers["if-none-match"], current)) return reply.code(304).send();
    const { term, generation, config } = current;
    return { term, generation, config: { ...optionsOf(config, REPLACED), ...ownOptions } };
  });

  serve(app, ROUTES.putConfig, async (call) => {
    const { edit, pointersUnder } = replacing(call.body, ownOptions);
    return changeAnswer(await changeBy(call, context, edit, { pointersUnder }));
  });

  serve(app, ROUTES.checkConfig, async (call) => {
    const { edit, pointersUnder } = replacing(call.body, ownOptions);
    return changeAnswer(await changeBy(call, context, edit, { pointersUnder, dryRun: true }));
  });

  serve(app, ROUTES.getHistory, async ({ query }) => ({
    history: await configuration.history(query.limit),
  }));

  serve(app, ROUTES.getHistoryEntry, async ({ parameters: { generation } }) => {
    const stored = await configuration.at(generation);
    if (stored === undefined)
      throw new ProblemError(problem(404, `The generation ${generation} is not kept`));
    const { config, ...entry } = stored;
    return { ...entry, config: optionsOf(config, REPLACED) };
  });

  serve(app, ROUTES.rollback, async (call) =>
    changeAnswer(await changeBy(call, context, { kind: "rollback", generation: call.body.generation })),
  );
}

/**
 * What was sent is the options themselves, or what GET answers with. The parts that each coordinator has of its own are
 * left out where they are as GET shows them here: whoever makes the change may be another one.
 */
function replacing(
  body: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): { readonly edit: Edit; readonly pointersUnder: string } {
  const isEnvelope = "config" in body;
  const options = isEnvelope ? checked(ConfigEnvelope, body, "content").config : body;
  if (!isObject(options)) return { edit: { kind: "replace", options }, pointersUnder: "/config" };
  const sent = Object.entries(options).filter(
    ([part, value]) => !(Object.hasOwn(own, part) && isDeepStrictEqual(value, own[part])),
  );
  const edit: Edit = { kind: "replace", options: Object.fromEntries(sent) };
  return { edit, pointersUnder: isEnvelope ? "/config" : "" };
}
