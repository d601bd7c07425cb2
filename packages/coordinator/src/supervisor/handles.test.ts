import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { bindAlone, bindShared, portOf, type TcpHandle } from "./handles.ts";

const LOOPBACK = { address: "127.0.0.1", family: 4 as const };
const opened: (TcpHandle | Server)[] = [];

function kept<T extends TcpHandle | Server>(thing: T): T {
  opened.push(thing);
  return thing;
}

afterEach(() => {
  for (const thing of opened.splice(0)) thing.close();
});

async function stranger(reusePort: boolean): Promise<number> {
  const server = kept(createServer());
  server.listen({ host: LOOPBACK.address, port: 0, reusePort });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("bindShared() binds the same port again and again, and bindAlone() a free one", () => {
  const first = kept(bindShared({ ...LOOPBACK, port: 0 }));
  const port = portOf(first);
  expect(portOf(kept(bindShared({ ...LOOPBACK, port })))).toBe(port);
  expect(portOf(kept(bindAlone({ ...LOOPBACK, port: 0 })))).not.toBe(port);
});

test.each([true, false])(
  "bindAlone() is refused where a stranger listens, SO_REUSEPORT %s",
  async (reusePort) => {
    const port = await stranger(reusePort);
    expect(() => bindAlone({ ...LOOPBACK, port })).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  },
);

test("bindShared() is refused where a stranger listens without SO_REUSEPORT", async () => {
  const port = await stranger(false);
  expect(() => bindShared({ ...LOOPBACK, port })).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
});

test("bindShared() says when the address belongs to no interface", () => {
  const nowhere = { address: "192.0.2.1", family: 4 as const, port: 0 };
  expect(() => bindShared(nowhere)).toThrow(expect.objectContaining({ code: "EADDRNOTAVAIL" }));
});

test("bindShared() accepts nothing itself: connections go to who listens on the handle", async () => {
  const handle = bindShared({ ...LOOPBACK, port: 0 });
  const port = portOf(handle);
  const refused = connect(port, LOOPBACK.address);
  const [error] = await once(refused, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
  const server = kept(createServer((socket) => socket.end("served")));
  server.listen(handle);
  await once(server, "listening");
  const [answer] = await once(connect(port, LOOPBACK.address), "data");
  expect(String(answer)).toBe("served");
});
