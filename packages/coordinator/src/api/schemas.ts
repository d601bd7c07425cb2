import { ANSWER_BOUNDS_MS } from "@shunt/core/health/answer-times";
import { z } from "zod";

/**
 * The form of everything that goes in and out of the admin API. Requests are checked against these, and the OpenAPI
 * document is generated from them. What comes in is strict: an unknown field is a mistake. What goes out may grow.
 */

const NAME = z.string().min(1).max(64);
const Count = z.int().min(0);

// What stands in paths.

export const PoolPath = z.strictObject({ pool: NAME });
export const ServerPath = z.strictObject({ pool: NAME, server: NAME });
export const GenerationPath = z.strictObject({ generation: z.coerce.number().int().min(0) });

// Queries.

export const NoQuery = z.strictObject({});
/** Probes and scrapers may be configured with parameters that mean nothing to us. */
export const AnyQuery = z.looseObject({});
export const ReadyQuery = z.strictObject({ verbose: z.string().optional() });
export const ChangeQuery = z.strictObject({
  dryRun: z.enum(["true", "false"]).default("false").describe("Say what would change, and change nothing"),
});
export const LimitQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe("How many, the newest first"),
});

// Contents of requests.

const Value = z.string().max(16_384);

export const ExplainBody = z.strictObject({
  method: z.string().min(1).max(64).default("GET"),
  target: z.string().min(1).max(65_536),
  headers: z
    .record(z.string().min(1).max(256), z.union([Value, z.array(Value).max(64)]))
    .default({})
    .describe("Name to value, or to values where a field is repeated"),
  client: z.union([z.ipv4(), z.ipv6()], "Expected an IPv4 or IPv6 address").default("127.0.0.1"),
  user: z.string().max(1_024).optional(),
  body: z
    .string()
    .max(65_536)
    .optional()
    .describe("Content, as text. Its length stands for itself; its type is one of the headers"),
  seed: z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .optional()
    .describe("The chance in the choice; the same seed gives the same choice"),
});

/** What stands in it is judged as a configuration file is, and not here: with the same sentences. */
export const ConfigBody = z
  .record(z.string(), z.unknown())
  .describe("The options of a configuration file, or what GET /v1/config answers with changes in `config`");

/** GET /v1/config answers with it; the version in it means nothing when it comes back. If-Match does. */
export const ConfigEnvelope = z.strictObject({
  term: z.unknown(),
  generation: z.unknown(),
  config: z.unknown(),
});

export const ServerBody = z
  .looseObject({
    name: z.string("Expected the name of the server").describe("Name of the server, new in its pool"),
    url: z.string("Expected the address of the server").describe("http://HOST or http://HOST:PORT"),
  })
  .describe("The options of a server in a configuration file, and its name");

export const ServerState = z.enum(["ready", "drain", "maintenance"]);

export const ServerPatchBody = z
  .strictObject({ state: ServerState.optional(), weight: z.int().min(1).max(256).optional() })
  .refine(
    ({ state, weight }) => state !== undefined || weight !== undefined,
    "Expected state, weight, or both",
  );

export const RollbackBody = z.strictObject({
  generation: z.int().min(0).describe("What held as this generation is to hold again, as a new one"),
});

// Answers.

export const Problem = z
  .object({
    type: z.literal("about:blank"),
    status: z.int(),
    title: z.string(),
    detail: z.string().describe("What was found, and what was expected"),
    errors: z
      .array(z.object({ pointer: z.string().describe("JSON Pointer into the content"), detail: z.string() }))
      .optional(),
  })
  .describe("Why a request was refused (RFC 9457)");

const Version = z.looseObject({
  term: Count.describe("Of the leader that made it; 0 where there is one coordinator"),
  generation: Count.describe("Rises with each change"),
});

export const ConfigAnswer = Version.extend({
  config: z
    .record(z.string(), z.unknown())
    .describe("In the form of a configuration file, with all defaults; secrets stand as (secret)"),
});

export const Difference = z.looseObject({
  pointer: z.string().describe("JSON Pointer into the configuration"),
  before: z.unknown().optional().describe("Absent: it was not there"),
  after: z.unknown().optional().describe("Absent: it is not there any more"),
});

export const ChangeAnswer = Version.extend({
  outcome: z.enum(["changed", "unchanged", "would-change"]),
  differences: z.array(Difference),
  warnings: z.array(z.string()).describe("What works and is probably not meant"),
});

const HistoryEntry = Version.extend({
  by: z.string().describe("Name of the token, or `file`"),
  at: z.string(),
  summary: z.string(),
  fileHash: z.string().describe("SHA-256 of the configuration file that it stands on"),
});

export const HistoryAnswer = z.looseObject({ history: z.array(HistoryEntry) });
export const HistoryEntryAnswer = HistoryEntry.extend({ config: ConfigAnswer.shape.config });

export const AuditAnswer = z.looseObject({
  audit: z.array(
    z.looseObject({
      at: z.string(),
      by: z.string(),
      what: z.string(),
      outcome: z.string(),
      before: Version,
      after: Version,
      differences: z.array(Difference),
    }),
  ),
});

const Load = z.looseObject({
  outstanding: Count,
  rate: z.number().describe("Requests per second"),
  requests: Count,
  failures: Count,
  errors: Count.describe("Responses with a status of 500 or above"),
  connections: Count,
  latencyMs: z.number().describe("Answer time: follows a rise at once, decays slowly"),
  averageMs: z.number().describe("Mean time of the answers of about a second"),
  answers: z
    .array(Count)
    .describe(
      `Answers ever, by how long they took: up to ${ANSWER_BOUNDS_MS.join(", ")} ms, and longer; not cumulative`,
    ),
  answerMs: z.number().describe("How long all of them took together"),
  announced: z.number().optional().describe("How loaded the server says that it is, 0 to 1"),
  ejectedBy: Count.describe("Acceptors that have ejected it for now"),
});

export const ServerAnswer = Load.extend({
  name: z.string(),
  url: z.string(),
  weight: z.int(),
  state: ServerState.describe("What the operator wants"),
  health: z.string().describe("What acceptors and active checks find: ok, unhealthy, ejected"),
  reasons: z.array(z.string()).describe("Why it is not ok"),
});

export const PoolsAnswer = z.looseObject({
  pools: z.array(z.looseObject({ name: z.string(), balance: z.string(), servers: z.array(ServerAnswer) })),
});

export const LoadAnswer = z.looseObject({
  servers: z.array(Load.extend({ server: z.string().describe("pool/server") })),
  acceptors: z.array(
    z.looseObject({
      acceptor: z.string(),
      ageMs: z.number(),
      stale: z.boolean(),
      servers: z.array(z.looseObject({ server: z.string(), outstanding: Count })),
    }),
  ),
});

export const CoordinatorAnswer = Version.extend({
  name: z.string().describe("Of the coordinator that answers"),
  version: z.string(),
  leads: z.boolean(),
  leader: z.string().optional().describe("Who leads, as far as known"),
  state: z.enum(["embedded", "redis"]).describe("Where the state of the cluster lies"),
  redis: z
    .looseObject({
      up: z.boolean().describe("It does what this coordinator asks"),
      troubles: z.array(
        z.looseObject({
          reason: z.string().describe("As in metrics"),
          says: z.string(),
          since: z.string(),
        }),
      ),
    })
    .optional()
    .describe("How Redis does; not there where the state is embedded"),
});

export const CoordinatorsAnswer = z.looseObject({
  coordinators: z.array(
    z.looseObject({
      id: z.string(),
      host: z.string(),
      pid: z.int(),
      version: z.string(),
      leads: z.boolean(),
      term: Count.describe("That it leads, or the last one that it knows"),
      since: z.string().describe("Since when it leads, or stands by"),
    }),
  ),
});

export const AcceptorsAnswer = z.looseObject({
  generation: Count,
  acceptors: z.array(
    z.looseObject({
      id: z.string(),
      host: z.string(),
      pid: z.int(),
      version: z.string(),
      since: z.string(),
      heard: z.string(),
      state: z.enum(["starting", "accepting", "draining", "stopped"]),
      generation: Count,
      connections: Count,
      exchanges: Count,
    }),
  ),
});

export const ExchangesAnswer = z.looseObject({
  exchanges: z.array(z.looseObject({ id: z.string(), startedAt: z.number(), class: z.string() })),
});

export const ExplainAnswer = z.looseObject({
  outcome: z.enum(["decided", "refused"]),
  generation: Count,
});

export const OpenApiAnswer = z.looseObject({ openapi: z.string().describe("Version of OpenAPI") });
