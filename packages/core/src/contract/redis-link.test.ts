import { EventEmitter } from "node:events";
import { beforeEach, expect, test } from "vitest";
import { RedisLink } from "./redis-link.ts";
import { RedisWatch } from "./redis-watch.ts";

/** A client of which the test is the network. */
class Client extends EventEmitter {
  readonly pings: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  readonly disconnects: (boolean | undefined)[] = [];

  async connect(): Promise<void> {}

  ping(): Promise<void> {
    return new Promise((answer, fail) => this.pings.push({ answer, fail }));
  }

  disconnect(reconnect?: boolean): void {
    this.disconnects.push(reconnect);
  }
}

let now: number;
let said: string[];
let client: Client;
let link: RedisLink<Client>;

beforeEach(() => {
  now = 0;
  said = [];
  client = new Client();
  link = new RedisLink({
    client,
    name: "bus",
    watch: new RedisWatch({
      began: (trouble) => said.push(`+${trouble}`),
      ended: (trouble) => said.push(`-${trouble}`),
    }),
    now: () => now,
    onReady: () => said.push("ready"),
    onLost: (reason) => said.push(`lost: ${reason}`),
  });
  link.open();
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function connects(): Promise<void> {
  client.emit("ready");
  client.pings.at(-1)?.answer();
  await settled();
}

test("RedisLink is ready when Redis has answered, and not when a socket has opened", async () => {
  client.emit("ready");
  await settled();
  expect([link.ready, said]).toEqual([false, []]);
  client.pings[0]?.answer();
  await settled();
  expect([link.ready, said]).toEqual([true, ["ready"]]);
});

test("RedisLink connects anew where Redis answers that it is loading, and says so", async () => {
  client.emit("ready");
  client.pings[0]?.fail(new Error("LOADING Redis is loading"));
  await settled();
  expect([link.ready, said, client.disconnects]).toEqual([false, ["+loading"], [true]]);
  await connects();
  expect(said).toEqual(["+loading", "-loading", "ready"]);
});

test("RedisLink says once that it is lost, with what was wrong, however often it tries", async () => {
  for (let time = 0; time < 3; time++) {
    client.emit("error", new Error("connect ECONNREFUSED"));
    client.emit("close");
  }
  await connects();
  client.emit("close");
  client.emit("close");
  expect(said).toEqual([
    "+unreachable",
    "lost: connect ECONNREFUSED",
    "-unreachable",
    "ready",
    "+unreachable",
    "lost: the connection was closed",
  ]);
});

test("RedisLink connects anew where writes are refused, once in five seconds, and calls that no absence", async () => {
  await connects();
  const write = (): Promise<unknown> => link.run("write", () => Promise.reject(new Error("READONLY no")));
  await expect(write()).rejects.toThrow("READONLY");
  client.emit("close");
  expect(client.disconnects).toEqual([true]);
  await connects();
  await expect(write()).rejects.toThrow("READONLY");
  expect(client.disconnects).toEqual([true]);
  now = 5_000;
  await expect(write()).rejects.toThrow("READONLY");
  expect(client.disconnects).toEqual([true, true]);
  expect(said.filter((word) => word.includes("unreachable"))).toEqual([]);
});

test("RedisLink says nothing more once it is closed", async () => {
  await connects();
  link.close();
  client.emit("close");
  await expect(link.run("write", () => Promise.reject(new Error("Connection is closed.")))).rejects.toThrow();
  expect([link.ready, said]).toEqual([false, ["ready"]]);
});

test("RedisLink tells no trouble of what was tried before it was connected: why it is not is told by the connection", async () => {
  const early = link.run("read", () => Promise.reject(new Error("Stream isn't writeable")));
  await expect(early).rejects.toThrow("there is no connection");
  await connects();
  expect(said).toEqual(["ready"]);
});

test("RedisLink.run() says why there is no connection, and nothing of options of the client", async () => {
  await connects();
  client.emit("error", new Error("connect ECONNREFUSED 10.0.0.7:6379"));
  client.emit("close");
  const unsent = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  await expect(link.run("read", () => Promise.reject(unsent))).rejects.toThrow(
    /^there is no connection: connect ECONNREFUSED 10\.0\.0\.7:6379$/,
  );
  expect(said.filter((each) => each.startsWith("+"))).toEqual(["+unreachable"]);
});
