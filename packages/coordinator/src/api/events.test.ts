import { connect } from "node:net";
import { FIXED } from "@shunt/core";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixedConfiguration } from "../change/test-configuration.ts";
import { EventLog } from "../events/event-log.ts";
import { KnownHealth } from "../health/known-health.ts";
import { ALONE } from "../leadership/leadership.ts";
import { RecentExchanges } from "../membership/recent.ts";
import { Registry } from "../membership/registry.ts";
import { snapshotOf } from "../publish/snapshot.ts";
import { testConfig } from "../test-config.ts";
import { buildAdminApi } from "./http-server.ts";

let events: EventLog;
let app: FastifyInstance;
let url: string;

beforeEach(async () => {
  const config = testConfig("unused");
  const registry = new Registry(Date.now);
  events = new EventLog({ now: Date.now, name: "x" });
  app = buildAdminApi({
    own: config,
    configuration: fixedConfiguration(config),
    current: () => snapshotOf(1, config),
    name: "h-1",
    version: "0",
    leadership: ALONE,
    log: pino({ level: "silent" }),
    registry,
    health: new KnownHealth({ append: () => {} }),
    counts: () => ({ changes: 0, fencedWrites: 0 }),
    coordinators: async () => [],
    checks: { passed: 0, failed: 0 },
    recent: new RecentExchanges(registry),
    events,
  });
  url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/v1/events`;
});

afterEach(() => app.close());

/** What arrives until the text is in it. */
async function readUntil(answer: Response, text: string): Promise<string> {
  let read = "";
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    read += decoder.decode(chunk);
    if (read.includes(text)) return read;
  }
  throw new Error(`ended without ${text}: ${read}`);
}

test("GET /v1/events tells what happens as it happens, and what was missed to who comes again", async () => {
  const first = await fetch(url);
  expect(first.headers.get("content-type")).toBe("text/event-stream");
  events.append({ kind: "server-revived", server: "gold/g1" });
  const heard = await readUntil(first, "gold/g1");
  const [, id = ""] = /^id: (.+)$/m.exec(heard) ?? [];
  events.append({ kind: "server-revived", server: "gold/g2" });
  const again = await fetch(url, { headers: { "last-event-id": id } });
  expect(await readUntil(again, "gold/g2")).not.toContain("gold/g1");
});

test("GET /v1/events refuses one listener too many, and takes the next when one has gone", async () => {
  const { port, host } = new URL(url);
  // All are kept: one whose answer is forgotten would end with it.
  const opened: Response[] = [];
  const open = async () => {
    const answer = await fetch(url);
    opened.push(answer);
    return answer;
  };
  const gone = connect(Number(port), "127.0.0.1", () =>
    gone.write(`GET /v1/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  );
  await new Promise((resolve) => gone.once("data", resolve));
  for (let i = 1; i < FIXED.eventListeners; i++) expect((await open()).status).toBe(200);
  expect((await open()).status).toBe(503);
  gone.destroy();
  await expect.poll(async () => (await open()).status).toBe(200);
});

test("closing the API ends its listeners", async () => {
  const listener = await fetch(url);
  await app.close();
  await expect(listener.text()).rejects.toThrow();
});

test("HEAD /v1/events is refused: it would never end", async () => {
  expect((await fetch(url, { method: "HEAD" })).status).toBe(405);
});
