import { once } from "node:events";
import { type AddressInfo, BoundSocket, connect } from "node:net";
import { expect, test } from "vitest";
import { listen } from "./listener.ts";

test("listen() accepts on a bound handle, and its sockets read into the buffer that they are given", async () => {
  const bound = new BoundSocket({ host: "127.0.0.1", port: 0 });
  const memory = Buffer.alloc(16);
  const read = Promise.withResolvers<string>();
  const server = await listen(bound, (open) => {
    const socket = open({
      buffer: memory,
      callback: (octets, buffer) => {
        read.resolve(buffer === memory ? memory.toString("latin1", 0, octets) : "another buffer");
        socket.end("answer");
        return true;
      },
    });
    socket.on("error", read.reject);
  });
  try {
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.write("question");
    const [answer] = await once(client, "data");
    expect(await read.promise).toBe("question");
    expect(String(answer)).toBe("answer");
    client.destroy();
  } finally {
    server.close();
  }
});

test("listen() leaves the client's half of a connection open when the client ends its own", async () => {
  const bound = new BoundSocket({ host: "127.0.0.1", port: 0 });
  const server = await listen(bound, (open) => {
    const socket = open({ buffer: Buffer.alloc(16), callback: () => true });
    socket.on("error", () => {});
    socket.on("end", () => setImmediate(() => socket.end("after the end")));
  });
  try {
    const client = connect({
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      allowHalfOpen: true,
    });
    client.end("last words");
    const [answer] = await once(client, "data");
    expect(String(answer)).toBe("after the end");
    client.destroy();
  } finally {
    server.close();
  }
});
