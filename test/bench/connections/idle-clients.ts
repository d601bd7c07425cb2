/**
 * Opens connections, sends one request over each, and keeps them all until its standard input ends. Says "opened N" when
 * all have their answer. Arguments: port, number of connections.
 */
import { connect, type Socket } from "node:net";

/** An address has some 28,000 ports, and those of the programs before may still be kept for a minute. */
const PER_ADDRESS = 2_000;
/** At a time: a listening socket keeps a few thousand that wait to be accepted. */
const AT_ONCE = 200;
const REQUEST = "GET /64 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const sockets: Socket[] = [];
let next = 0;

process.stdin.resume().once("end", () => process.exit(0));
await Promise.all(Array.from({ length: AT_ONCE }, openOneAfterTheOther));
for (const socket of sockets) socket.on("close", () => fail("a connection was closed"));
console.log(`opened ${sockets.length}`);

async function openOneAfterTheOther(): Promise<void> {
  while (next < count) sockets.push(await open(next++));
}

/** From addresses that no other run has: all of 127.0.0.0/8 is this machine. */
function open(index: number): Promise<Socket> {
  const localAddress = `127.1.${process.pid % 256}.${1 + Math.floor(index / PER_ADDRESS)}`;
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress }, () => socket.write(REQUEST));
    socket.setEncoding("latin1").once("data", (answer) => {
      if (!String(answer).startsWith("HTTP/1.1 200")) fail("an answer was not 200");
      resolve(socket);
    });
    socket.once("error", ({ message }) => fail(message));
  });
}

function fail(reason: string): never {
  console.log(`failed: ${reason}`);
  process.exit(1);
}
