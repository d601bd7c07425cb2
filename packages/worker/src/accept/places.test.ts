import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, BoundSocket, connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { ResolvedListener } from "@shunt/core";
import { expect, test } from "vitest";
import { Places } from "./places.ts";

const HOST = "127.0.0.1";
const LISTENER: ResolvedListener = { name: "web", host: HOST, port: 0, proxyProtocol: false };
const PLACE = 1;
const HANDLES = 4;
/** So many that each queue has its part of them, by a hash of the kernel's. */
const CLIENTS = 128;

/** Connects while our loop stands still; who has gone again waits in the queue all the same. */
function connectMany(port: number): void {
  const program = `const { connect } = require("node:net");
let open = 0;
for (let i = 0; i < ${CLIENTS}; i++) connect(${port}, "${HOST}", () => ++open === ${CLIENTS} && process.exit());`;
  execFileSync(process.execPath, ["-e", program]);
}

test("Places accepts in one turn of the loop a connection from each handle of a place, and closes all of them when nobody comes", async () => {
  let accepted = 0;
  const places = new Places((open, { name }) => {
    expect(name).toBe("web");
    accepted++;
    open({ buffer: Buffer.alloc(16), callback: () => true })
      .on("error", () => {})
      .destroy();
  });
  const first = new BoundSocket({ host: HOST, port: 0, reusePort: true });
  const { port } = first.address() as AddressInfo;
  await places.open(LISTENER, PLACE, first);
  for (let i = 1; i < HANDLES; i++)
    await places.open(LISTENER, PLACE, new BoundSocket({ host: HOST, port, reusePort: true }));
  connectMany(port);
  const inTurns: number[] = [];
  while (accepted < CLIENTS) {
    const before = accepted;
    await turn();
    inTurns.push(accepted - before);
  }
  expect(Math.max(...inTurns)).toBe(HANDLES);
  await places.empty(PLACE, 1_000);
  const [refusal] = await once(connect(port, HOST), "error");
  expect(refusal).toMatchObject({ code: "ECONNREFUSED" });
});
