/** The slow clients, in a process of their own: node slow-clients.ts PORT {"heads":1,...}. It reports to its parent. */
import { connect, type Socket } from "node:net";
import { KINDS, type Kind, type SlowReport, type Tally } from "./messages.ts";

const [, , port, counts] = process.argv;
const wanted: Record<Kind, number> = JSON.parse(counts ?? "");

const BEGINNINGS: Readonly<Record<Kind, string>> = {
  heads: "GET /slow HTTP/1.1\r\nHost: slow.test\r\nX-Slow: ",
  bodies: "POST /slow HTTP/1.1\r\nHost: slow.test\r\nContent-Length: 1000000\r\n\r\n",
  readers: "GET /large HTTP/1.1\r\nHost: slow.test\r\n\r\n",
};
/** Connections that are opened at once, so that the kernel's queue never overflows. */
const AT_ONCE = 50;
const PIECE = "x";
/** Of a second: clients that know nothing of each other do not write in the same moment. */
const PARTS = 200;

const tallies = {
  heads: { opened: 0, answered: 0, cut: 0 },
  bodies: { opened: 0, answered: 0, cut: 0 },
  readers: { opened: 0, answered: 0, cut: 0 },
} satisfies Record<Kind, Tally>;
const open = new Map<Socket, Kind>();

function begin(kind: Kind): void {
  const tally = tallies[kind];
  const socket = connect({ port: Number(port), host: "127.0.0.1" });
  let told = false;
  socket
    .on("connect", () => {
      tally.opened++;
      open.set(socket, kind);
      socket.write(BEGINNINGS[kind]);
      if (kind === "readers") socket.pause();
    })
    .on("data", () => {
      told = true;
    })
    .on("error", () => {})
    .on("close", () => {
      if (open.delete(socket)) tally[told ? "answered" : "cut"]++;
    });
}

/** Each sends an octet a second, not all in one moment. A paused reader learns of its end when it writes. */
function trickle(part: number): void {
  let number = 0;
  for (const socket of open.keys()) if (number++ % PARTS === part) socket.write(PIECE);
}

function report(): void {
  process.send?.({ tallies } satisfies SlowReport);
}

const opening = setInterval(() => {
  for (const kind of KINDS) {
    const now = Math.min(AT_ONCE, wanted[kind]);
    wanted[kind] -= now;
    for (let i = 0; i < now; i++) begin(kind);
  }
  if (KINDS.every((kind) => wanted[kind] === 0)) clearInterval(opening);
}, 100);
let part = 0;
setInterval(() => {
  part = (part + 1) % PARTS;
  trickle(part);
  if (part === 0) report();
}, 1_000 / PARTS);
process.on("disconnect", () => process.exit(0));
