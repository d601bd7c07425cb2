import { z } from "zod";
import { octets } from "./octets.ts";

/** What README.md says of scenario files, to be checked. Unknown keys are mistakes everywhere. */

const slug = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9.]+)*$/, "expected a slug, like two-hosts");
const sentence = z.string().regex(/^[A-Z0-9`"].*[.?!]$/s, "expected one sentence");
const label = z.string().regex(/^[a-z][a-z0-9-]*$/);

const fieldExpectation = z.union([
  z.string(),
  z.array(z.string()),
  z.null(),
  z.literal(true),
  z.strictObject({ matches: z.string() }),
  z.strictObject({ contains: z.string() }),
]);
export type FieldExpectation = z.infer<typeof fieldExpectation>;

const fields = z.record(z.string(), fieldExpectation);
export type FieldExpectations = z.infer<typeof fields>;

const message = {
  version: z.enum(["HTTP/1.0", "HTTP/1.1"]).optional(),
  fields: fields.default({}),
  lines: z.array(z.string()).default([]),
  body: octets.optional(),
  framing: z.enum(["none", "length", "chunked", "close"]).optional(),
  trailers: fields.optional(),
  pending: z.literal(true).optional(),
};
const status = z.int().min(100).max(599);

const request = z.strictObject({ ...message, method: z.string().optional(), target: z.string().optional() });
export type RequestExpectation = z.infer<typeof request>;

const response = z.strictObject({
  ...message,
  status: z.union([status, z.array(status)]),
  reason: z.string().optional(),
  truncated: z.literal(true).optional(),
  to: z.string().default("GET"),
});
export type ResponseExpectation = z.infer<typeof response>;

const split = z.union([z.enum(["octets", "lines"]), z.array(z.int().min(1))]);
export type Split = z.infer<typeof split>;

const client = { client: label.default("a"), peer: z.literal("trusted").optional() };
const server = { on: label.optional() };
const nothing = z.null();
const end = z.union([z.null(), z.strictObject({ trailers: fields })]);
const serverName = z.enum(["a", "b", "c", "d"]);

/** By verb: its value, and what may stand beside it. */
const VERBS = {
  "client sends": [
    octets,
    { ...client, split: split.optional(), "without waiting": z.literal(true).optional() },
  ],
  "client half-closes": [nothing, client],
  "client closes": [nothing, client],
  "client resets": [nothing, client],
  "client gets": [response, { ...client, orCloses: z.literal(true).optional() }],
  "client gets content": [octets, client],
  "client gets end": [end, client],
  "client gets octets": [octets, client],
  "client gets nothing": [nothing, client],
  "client connection closes": [nothing, client],
  "client connection breaks": [nothing, client],
  "client pauses": [nothing, client],
  "client resumes": [nothing, client],
  "server gets": [request, { ...server, as: label.optional(), at: serverName.optional() }],
  "server gets content": [octets, server],
  "server gets end": [end, server],
  "server gets octets": [octets, server],
  "server gets nothing": [nothing, {}],
  "server gets no whole request": [nothing, {}],
  "server sends": [octets, { ...server, split: split.optional() }],
  "server answers": [z.string(), server],
  "server half-closes": [nothing, server],
  "server closes": [nothing, server],
  "server resets": [nothing, server],
  "server pauses": [nothing, server],
  "server resumes": [nothing, server],
  "server connection closes": [nothing, server],
  "server connection breaks": [nothing, server],
  "server stops listening": [serverName, {}],
  "server listens": [serverName, {}],
  wait: [z.int().min(1).max(10_000), {}],
} as const;

export type Verb = keyof typeof VERBS;
type Shape<V extends Verb> = (typeof VERBS)[V][1];
type Beside<V extends Verb> = [keyof Shape<V>] extends [never] ? unknown : z.infer<z.ZodObject<Shape<V>>>;
/** A step: its verb, the value of the verb, and what stands beside it. */
export type StepOf<V extends Verb> = V extends Verb
  ? { readonly verb: V; readonly value: z.infer<(typeof VERBS)[V][0]> } & Beside<V>
  : never;
export type Step = StepOf<Verb>;

const verbs = Object.keys(VERBS) as Verb[];

const step: z.ZodType<Step> = z.unknown().transform((raw, context) => {
  const written: unknown = typeof raw === "string" ? { [raw]: null } : raw;
  const verb = verbs.find((each) => typeof written === "object" && written !== null && each in written);
  if (verb === undefined) {
    context.addIssue({ code: "custom", message: `expected one of ${verbs.join(", ")}` });
    return z.NEVER;
  }
  const [value, beside] = VERBS[verb];
  const read = z.strictObject({ [verb]: value, ...beside }).safeParse(written);
  if (read.success) {
    const { [verb]: found, ...rest } = read.data as Record<string, unknown>;
    return { verb, value: found, ...rest } as unknown as Step;
  }
  for (const { path, message } of read.error.issues) context.addIssue({ code: "custom", path, message });
  return z.NEVER;
});

const refusal = z.union([status, z.literal("closed")]);
const responseWithoutTo = response.omit({ to: true });

const scenario = z.strictObject({
  name: slug,
  rfc: z
    .string()
    .regex(
      /^(?:RFC \d{4} \d|FEATURES D3\.\d|[a-z])/,
      "expected a section of an RFC, FEATURES D3.n, or an option",
    ),
  level: z.enum(["must", "should", "ours"]),
  why: sentence,
  config: slug.optional(),
  peers: z.literal(false).optional(),
  steps: z.array(step).min(1).optional(),
  request: octets.optional(),
  split: split.optional(),
  refused: z.union([refusal, z.array(refusal)]).optional(),
  "refused late": z.union([refusal, z.array(refusal)]).optional(),
  answered: responseWithoutTo.optional(),
  forwarded: request.optional(),
  answer: octets.optional(),
  response: responseWithoutTo.optional(),
  afterwards: z.array(step).min(1).optional(),
});
export type WrittenScenario = z.infer<typeof scenario>;

export const scenarioFile = z.strictObject({
  about: sentence,
  config: slug.optional(),
  scenarios: z.array(scenario).min(1),
});

export const configuration = z.strictObject({
  about: sentence,
  servers: z.int().min(1).max(4).default(1),
  options: z.record(z.string(), z.unknown()).default({}),
  listener: z.record(z.string(), z.unknown()).default({}),
  pool: z.record(z.string(), z.unknown()).default({}),
  class: z.record(z.string(), z.unknown()).default({}),
  rules: z
    .array(z.strictObject({ name: z.string(), when: z.record(z.string(), z.unknown()), server: serverName }))
    .default([]),
  peers: z.literal(true).optional(),
});
export type Configuration = z.infer<typeof configuration>;
