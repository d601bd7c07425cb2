import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, BoundSocket, connect, type Socket } from "node:net";
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

// Only Linux tells of it, and only there sockets have it from the one that listens.
test.runIf(process.platform === "linux")("listen() accepts sockets that the kernel keeps alive", async () => {
  const bound = new BoundSocket({ host: "127.0.0.1", port: 0 });
  const accepted = Promise.withResolvers<Socket>();
  const server = await listen(bound, (open) =>
    accepted.resolve(open({ buffer: Buffer.alloc(16), callback: () => true })),
  );
  const { port } = server.address() as AddressInfo;
  const client = connect(port, "127.0.0.1");
  try {
    const socket = await accepted.promise;
    const ends = [port, client.localPort ?? 0].map((each) =>
      each.toString(16).toUpperCase().padStart(4, "0"),
    );
    const line = readFileSync("/proc/net/tcp", "latin1")
      .split("\n")
      .find((row) => row.includes(`:${ends[0]} 0100007F:${ends[1]} 01`));
    // Behind the queues stands the timer that runs: 02 is that of keeping alive (Linux, Documentation/networking/proc_net_tcp).
    expect(line?.trim().split(/\s+/)[5]).toMatch(/^02:/);
    socket.destroy();
  } finally {
    client.destroy();
    server.close();
  }
});
