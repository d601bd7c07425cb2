import { expect, test } from "vitest";
import { TestListener, TestLoop } from "../test-exchange.ts";

test.each([
  [[], false],
  [["10.0.0.0/8"], false],
  [["127.0.0.0/8"], true],
  [["10.0.0.0/8", "127.0.0.1"], true],
  [["::1"], false],
])("Peers trusts who is listed, and nobody else: %j", async (trusted, expected) => {
  const loop = new TestLoop();
  loop.peers.trust(trusted);
  const listener = await TestListener.listen(loop);
  const { client } = await listener.open();
  expect([client.peer.trusted, client.address.text, client.peer.family]).toEqual([expected, "127.0.0.1", 4]);
  client.destroy();
  listener.close();
});

test("Peers takes an IPv4 client of an IPv6 listener for the IPv4 client that it is", async () => {
  const loop = new TestLoop();
  loop.peers.trust(["127.0.0.1"]);
  const listener = await TestListener.listen(loop, "::ffff:127.0.0.1");
  const { client } = await listener.open();
  expect([client.peer.trusted, client.address.text]).toEqual([true, "127.0.0.1"]);
  expect(client.forwardedBy.ownAuthority).toBe(`127.0.0.1:${listener.port}`);
  client.destroy();
  listener.close();
});

test("Peers trusts nobody whose address is not known any more", () => {
  const loop = new TestLoop();
  loop.peers.trust(["0.0.0.0/0"]);
  const socket = { remoteAddress: undefined } as Parameters<typeof loop.peers.of>[0];
  expect(loop.peers.of(socket).trusted).toBe(false);
});

test("Peers tells what a client has connected to, after it has gone too, if it was asked before", async () => {
  const loop = new TestLoop();
  const listener = await TestListener.listen(loop);
  const { client } = await listener.open();
  const destination = { address: { text: "127.0.0.1" }, port: listener.port };
  expect(client.ends.destination).toMatchObject(destination);
  client.destroy();
  expect(client.ends.destination).toMatchObject(destination);
  listener.close();
});
