import { setTimeout as delay } from "node:timers/promises";
import {
  busNames,
  decodeAnnouncement,
  decodeRedis,
  REDIS_TROUBLES,
  type ResolvedRedis,
  redisTroubleOf,
  type SnapshotNotice,
} from "@shunt/core";
import { connectRedis } from "../redis/connect-redis.ts";

/**
 * A process that lives until there is a snapshot in Redis, and tells its parent how each try ended. Where Redis is comes
 * over IPC: what stands on a command line is there for everybody to see.
 */

const FIRST_DELAY_MS = 100;
const MOST_DELAY_MS = 5_000;
/** Redis answers, and a coordinator may publish at any moment. */
const LOOK_MS = 500;

process.on("disconnect", () => process.exit(0));
// Ending is the parent's to order.
process.on("SIGINT", () => {});
process.once("message", (message) => void watch(decodeRedis(message)));

async function watch(redis: ResolvedRedis): Promise<void> {
  for (let failures = 0; ; ) {
    const notice = await look(redis);
    await tell(notice);
    if (notice.kind === "found") process.exit(0);
    failures = notice.kind === "away" ? failures + 1 : 0;
    await delay(failures === 0 ? LOOK_MS : Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)));
  }
}

async function look(redis: ResolvedRedis): Promise<SnapshotNotice> {
  const client = await connectRedis(redis, "first-snapshot");
  let refused: unknown;
  client.on("error", (error: unknown) => {
    refused ??= error;
  });
  try {
    await client.connect();
    const text = await client.get(busNames(redis.prefix).publication.snapshot);
    if (text === null) return { kind: "none" };
    const { publication } = decodeAnnouncement(text);
    return publication.kind === "snapshot"
      ? { kind: "found", snapshot: publication.snapshot }
      : { kind: "away", reason: `found a publication of ${publication.kind} where the snapshot is to be` };
  } catch (thrown) {
    return { kind: "away", reason: wordsOf(refused ?? thrown) };
  } finally {
    client.disconnect();
  }
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${REDIS_TROUBLES[redisTroubleOf(error)]}: ${message}`;
}

function tell(notice: SnapshotNotice): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) process.exit(0);
    process.send(notice, undefined, undefined, () => resolve());
  });
}
