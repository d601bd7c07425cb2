import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { RawClient } from "../support/raw-client.ts";
import { SampleServer } from "../support/sample-server.ts";
import { onePool, startShunt } from "../support/shunt.ts";

const MOST = 3;

test("limits.connections closes further ones at once, counts them, and lets new ones in when others have left", async () => {
  await using server = await SampleServer.start("s");
  await using shunt = await startShunt({ ...onePool(server), limits: { connections: MOST } });
  const connect = async (): Promise<RawClient> => await RawClient.connect(shunt.url);
  const clients = await Promise.all(Array.from({ length: MOST }, connect));
  for (const client of clients) expect((await client.ask("/in")).status).toBe(200);
  using refused = await connect();
  expect(await refused.rest()).toBe("");
  await eventually(
    () => shunt.metric("shunt_connections_refused_total"),
    (count) => count === 1,
  );
  for (const client of clients.slice(1)) expect((await client.ask("/still")).status).toBe(200);
  clients[0]?.[Symbol.dispose]();
  await eventually(
    async () => (await shunt.acceptor()).connections,
    (connections) => connections === MOST - 1,
  );
  using next = await connect();
  expect((await next.ask("/next")).status).toBe(200);
  for (const client of clients) client[Symbol.dispose]();
});
