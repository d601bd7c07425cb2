import { z } from "zod";

/** Longer texts are cut: an event is a line for people, and a thousand of them are kept. */
export const EVENT_TEXT = 512;

const Text = z.string().max(EVENT_TEXT);
const Count = z.int().min(0);
/** `pool/server`. */
const Server = Text;

/**
 * What happens in a cluster, as one coordinator sees it. Each coordinator sees all of it by itself, so each has a log of
 * its own.
 */
export const ClusterEvent = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("acceptor-joined"), acceptor: Text, host: Text, version: Text }),
  z.strictObject({ kind: z.literal("acceptor-left"), acceptor: Text, host: Text }),
  /** Another configuration holds. */
  z.strictObject({
    kind: z.literal("generation-changed"),
    term: Count,
    generation: Count,
    summary: Text,
    by: Text,
  }),
  /** What the operator wants of a server. */
  z.strictObject({
    kind: z.literal("server-state"),
    server: Server,
    state: z.enum(["ready", "drain", "maintenance"]),
  }),
  /** The first acceptor leaves the server alone; others may follow. */
  z.strictObject({ kind: z.literal("server-ejected"), server: Server, acceptor: Text, reason: Text }),
  /** No acceptor leaves it alone any more. */
  z.strictObject({ kind: z.literal("server-revived"), server: Server }),
  /** What active checks find. */
  z.strictObject({ kind: z.literal("server-unhealthy"), server: Server, reason: Text }),
  z.strictObject({ kind: z.literal("server-healthy"), server: Server, reason: Text }),
  z.strictObject({ kind: z.literal("leader-changed"), leader: Text, term: Count }),
  z.strictObject({ kind: z.literal("redis-away"), reason: Text }),
  z.strictObject({ kind: z.literal("redis-back"), awayMs: Count }),
]);
export type ClusterEvent = z.infer<typeof ClusterEvent>;
