/** Servers that stall: one request of EVERY takes STALL_MS, all others nothing. They send their ports to their parent. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

const SERVERS = 4;
const EVERY = 1_000;
const STALL_MS = 100;
const HEAD_END = "\r\n\r\n";
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n${"x".repeat(64)}`;

let requests = 0;
const ports: number[] = [];
for (let i = 0; i < SERVERS; i++) {
  const server = createServer({ noDelay: true }, serve);
  server.listen(0, "127.0.0.1", 4_096);
  await once(server, "listening");
  ports.push((server.address() as AddressInfo).port);
}
process.send?.({ ports });
process.on("disconnect", () => process.exit(0));

/** Answers in order: what lies behind a request that stalls waits for it. */
function serve(socket: Socket): void {
  let unread = "";
  let stalled = false;
  const proceed = (): void => {
    let answers = "";
    for (let end = unread.indexOf(HEAD_END); end >= 0 && !stalled; end = unread.indexOf(HEAD_END)) {
      unread = unread.slice(end + HEAD_END.length);
      if (++requests % EVERY > 0) answers += ANSWER;
      else stalled = true;
    }
    if (answers !== "") socket.write(answers);
    if (stalled) setTimeout(goOn, STALL_MS);
  };
  const goOn = (): void => {
    stalled = false;
    socket.write(ANSWER);
    proceed();
  };
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    unread += chunk.toString("latin1");
    if (!stalled) proceed();
  });
}
