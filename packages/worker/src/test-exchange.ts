import { once } from "node:events";
import { type AddressInfo, BoundSocket, connect, type Server, type Socket } from "node:net";
import { Batch, CONTENT, type EntryPeer, type Snapshot, Verdict } from "@shunt/core";
import { ClientConnection, type ClientEvents } from "./accept/client-connection.ts";
import { listen, type OpenSocket } from "./accept/listener.ts";
import { Peers } from "./accept/peers.ts";
import { Backlog } from "./classify/backlog.ts";
import { Judge } from "./classify/judge.ts";
import { composeRequestHead } from "./forward/request-writer.ts";
import { ReadBuffers } from "./io/read-buffers.ts";
import { TimerWheel } from "./io/timer-wheel.ts";
import { Turn } from "./io/turn.ts";
import { Received } from "./test-peers.ts";
import { snapshotOf } from "./test-snapshot.ts";
import { Exchange } from "./track/exchange.ts";

const TICK_MS = 50;
const SIZE = { entries: 1, dataBytes: 65_536, recordWords: 8_192 };

/** For tests: what connections need of an event loop. Time passes when the test says so. */
export class TestLoop {
  now = 1_000;
  readonly wheel = new TimerWheel(() => this.now);
  readonly turn = new Turn(
    () => {},
    () => this.now,
  );
  readonly readBuffers = new ReadBuffers();
  readonly peers = new Peers();
  readonly backlog = new Backlog(() => {});

  readonly clock = (): number => performance.now();

  get parts(): Pick<TestLoop, "wheel" | "turn" | "readBuffers" | "peers" | "backlog" | "clock"> {
    const { wheel, turn, readBuffers, peers, backlog, clock } = this;
    return { wheel, turn, readBuffers, peers, backlog, clock };
  }

  /** Longer than `ms`, so that a time limit of `ms` that was set just now has passed. */
  pass(ms: number): void {
    for (let passed = -4 * TICK_MS; passed < ms; passed += TICK_MS) {
      this.now += TICK_MS;
      this.wheel.advance();
    }
  }
}

/** For tests: keeps what a client connection tells, and does nothing. */
export class ToldByClient implements ClientEvents {
  readonly told: string[] = [];
  tunnelledOctets = "";
  heads(): void {
    this.told.push("heads");
  }
  judged(_client: ClientConnection, verdict: Verdict): void {
    this.told.push(`judged ${verdict.start}-${verdict.end}`);
  }
  judgedAll(_client: ClientConnection, stuck: boolean): void {
    this.told.push(stuck ? "stuck" : "judged all");
  }
  content(): void {
    this.told.push("content");
  }
  contentIn(): boolean {
    return false;
  }
  tunnelled(_client: ClientConnection, octets: Uint8Array): void {
    this.tunnelledOctets += Buffer.from(octets).toString("latin1");
  }
  ended(): void {
    this.told.push("ended");
  }
  gone(_client: ClientConnection, reason: string): void {
    this.told.push(`gone: ${reason}`);
  }
  writable(): void {
    this.told.push("writable");
  }
  late(): void {
    this.told.push("late");
  }
}

/** For tests: a client connection, with both ends of its socket. */
export interface OpenClient {
  readonly client: ClientConnection;
  readonly told: ToldByClient;
  /** The client's end. */
  readonly socket: Socket;
  readonly received: Received;
}

/** For tests: a listener whose clients belong to a loop. */
export class TestListener {
  readonly loop: TestLoop;
  readonly #server: Server;
  readonly #opened: ((open: OpenSocket) => void)[];
  readonly #sockets: Socket[] = [];

  private constructor(loop: TestLoop, server: Server, opened: ((open: OpenSocket) => void)[]) {
    this.loop = loop;
    this.#server = server;
    this.#opened = opened;
  }

  static async listen(loop: TestLoop, host = "127.0.0.1"): Promise<TestListener> {
    const opened: ((open: OpenSocket) => void)[] = [];
    const server = await listen(new BoundSocket({ host, port: 0 }), (open) => opened.shift()?.(open));
    return new TestListener(loop, server, opened);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async open(
    snapshot: Snapshot = snapshotOf(),
    told: ToldByClient = new ToldByClient(),
  ): Promise<OpenClient> {
    const accepted = Promise.withResolvers<OpenSocket>();
    this.#opened.push(accepted.resolve);
    const { address, port } = this.#server.address() as AddressInfo;
    const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
    const received = new Received(socket);
    const [open] = await Promise.all([accepted.promise, once(socket, "connect")]);
    const client = new ClientConnection(open, "web", snapshot.config, { ...this.loop.parts, events: told });
    this.#sockets.push(socket);
    return { client, told, socket, received };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** For tests: what a thread finds out about the first head in `octets`. `content`: octets of content behind it. */
export async function verdictOn(
  octets: Uint8Array,
  peer: EntryPeer,
  snapshot: Snapshot = snapshotOf(),
  content: number = CONTENT.AHEAD,
): Promise<Verdict> {
  const batch = new Batch(new ArrayBuffer(Batch.bytes(SIZE)), SIZE);
  batch.clear();
  batch.add(octets, peer, 1, content);
  await (await Judge.of(snapshot.config)).judge(batch, 0);
  const verdict = new Verdict();
  batch.rewind();
  batch.read(verdict);
  return verdict;
}

/** For tests: the exchange of a request, the youngest of its client. */
export async function exchangeOf(
  client: ClientConnection,
  head: string,
  snapshot: Snapshot = snapshotOf(),
): Promise<Exchange> {
  const octets = Buffer.from(head, "latin1");
  const verdict = await verdictOn(octets, client.peer, snapshot);
  const received = octets.subarray(verdict.start, verdict.end);
  const exchange = new Exchange(client, snapshot, verdict, received, performance.now());
  exchange.id = "id-1";
  if (exchange.refusal === 0)
    exchange.requestHead = composeRequestHead(received, verdict, client.forwardedBy, exchange.id);
  client.append(exchange);
  return exchange;
}
