import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generateSource } from "oazapfts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, type RunningShunt, startShunt, TOKEN } from "../support/shunt.ts";

/** A client that a public generator makes of our OpenAPI document does an operator's work against a real product. */

interface Answered {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** What this test calls of the generated client; named by the operations of the document. */
interface GeneratedClient {
  readonly defaults: { baseUrl: string; headers: Record<string, string> };
  addServer(pool: string, body: object): Promise<Answered>;
  patchServer(pool: string, server: string, body: object, more?: object): Promise<Answered>;
  removeServer(pool: string, server: string): Promise<Answered>;
  getConfig(): Promise<Answered>;
}

let directory: string;
let one: SampleServer;
let two: SampleServer;
let shunt: RunningShunt;
let client: GeneratedClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "shunt-openapi-"));
  one = await SampleServer.start("one");
  two = await SampleServer.start("two");
  shunt = await startShunt(onePool(one));
  await shunt.acceptor();
  client = await generatedClient();
});

afterAll(async () => {
  await shunt[Symbol.asyncDispose]();
  await Promise.all([one, two].map((server) => server[Symbol.asyncDispose]()));
  rmSync(directory, { recursive: true });
});

async function generatedClient(): Promise<GeneratedClient> {
  const document = join(directory, "openapi.json");
  const source = join(directory, "client.ts");
  writeFileSync(document, await shunt.api("/v1/openapi.json"));
  writeFileSync(source, await generateSource(document));
  // Its runtime is a package, which is looked for beside it.
  symlinkSync(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
  const generated: GeneratedClient = await import(pathToFileURL(source).href);
  generated.defaults.baseUrl = shunt.admin;
  generated.defaults.headers = { authorization: `Bearer ${TOKEN}` };
  return generated;
}

/** Asks until a request has been served by that server. */
async function served(server: SampleServer): Promise<void> {
  const before = server.received.length;
  await eventually(
    async () => {
      await (await fetch(shunt.url)).text();
      return server.received.length;
    },
    (received) => received > before,
  );
}

/** Resolves when of so many requests in a row none has come to that server any more. */
async function left(server: SampleServer): Promise<void> {
  await eventually(
    async () => {
      const before = server.received.length;
      for (let i = 0; i < 20; i++) await (await fetch(shunt.url)).text();
      return server.received.length - before;
    },
    (received) => received === 0,
  );
}

test("a generated client adds, drains and removes a server", async () => {
  const added = await client.addServer("all", { name: "two", url: two.url });
  expect([added.status, added.data]).toMatchObject([201, { outcome: "changed" }]);
  await served(two);

  const drained = await client.patchServer("all", "two", { state: "drain" });
  expect([drained.status, drained.data]).toMatchObject([200, { outcome: "changed" }]);
  await left(two);

  const removed = await client.removeServer("all", "two");
  expect([removed.status, removed.data]).toMatchObject([200, { outcome: "changed" }]);
  const config = await client.getConfig();
  expect(config.data).toMatchObject({ config: { pools: { all: { servers: { one: { url: one.url } } } } } });
  expect(JSON.stringify(config.data)).not.toContain(two.url);
});

test("a generated client gets problems as the document has them, and 412 for a version that has gone", async () => {
  const unknown = await client.patchServer("all", "three", { state: "drain" });
  expect([unknown.status, unknown.data]).toMatchObject([404, { status: 404, title: "Not Found" }]);
  const wrong = await client.patchServer("all", "one", { state: "asleep" });
  expect([wrong.status, wrong.data]).toMatchObject([422, { errors: [{ pointer: "/state" }] }]);

  const before = (await client.getConfig()).headers.get("etag");
  const patch = (weight: number, ifMatch: string | null) =>
    client.patchServer("all", "one", { weight }, { ifMatch });
  expect((await patch(2, before)).status).toBe(200);
  expect((await patch(3, before)).status).toBe(412);
});
