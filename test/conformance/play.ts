import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { Lane, LaneServer } from "./lane.ts";
import { encode, type Places, show } from "./octets.ts";
import type { Scenario } from "./scenario.ts";
import type { RequestExpectation, Split, Step, StepOf, Verb } from "./schema.ts";
import {
  expectContent,
  expectFields,
  expectRequestHead,
  expectResponseHead,
  type Measure,
  requestLine,
  statusLine,
} from "./wire/expect.ts";
import { Content, readHead, requestFraming, responseFraming } from "./wire/message.ts";
import { PATIENCE_MS, Truncated, Unmet, Wire } from "./wire/wire.ts";

/** Long enough for octets that a proxy has sent to arrive; too short a time can only overlook a failure, never make one. */
const SETTLE_MS = 60;

/** How long a whole step may take, whatever it waits for: that a peer reads, too. */
const STEP_MS = 10_000;

export interface ProxyUnderTest {
  readonly host: string;
  readonly port: number;
  readonly measure: Measure;
}

/** The scenario failed: at which step, why, and everything that went over the wire. */
export interface Failure {
  readonly step: string;
  readonly reason: string;
  readonly transcript: readonly string[];
}

/** Plays a scenario on a lane that leads through a proxy. Undefined: it passed. */
export async function play(
  scenario: Scenario,
  lane: Lane,
  proxy: ProxyUnderTest,
): Promise<Failure | undefined> {
  const performance = new Performance(lane, proxy);
  let step = "the first step";
  try {
    for (const [index, each] of scenario.steps.entries()) {
      if (performance.over) break;
      step = `step ${index + 1}, ${each.verb}`;
      await inTime(performance.perform(each));
    }
    step = "the end";
    await inTime(performance.end());
    return undefined;
  } catch (error) {
    const reason = error instanceof Unmet ? error.message : String((error as Error).stack ?? error);
    return { step, reason, transcript: performance.transcript };
  } finally {
    performance.clear();
  }
}

async function inTime(step: Promise<void>): Promise<void> {
  const late = new AbortController();
  const timeout = pause(STEP_MS, undefined, { signal: late.signal }).then(() => {
    throw new Unmet(`the step did not come to its end in ${STEP_MS} ms`);
  });
  timeout.catch(() => {});
  await Promise.race([step, timeout]).finally(() => late.abort());
}

/** What is known of a connection while a scenario runs. */
interface Peer {
  readonly wire: Wire;
  /** Of a message whose head was taken and whose content was not. */
  pending: Content | undefined;
}

interface ServerPeer extends Peer {
  readonly server: LaneServer;
  requests: number;
}

type Actions = { readonly [V in Verb]: (step: StepOf<V>) => Promise<void> | void };

class Performance {
  readonly transcript: string[] = [];
  /** What the scenario wants to see has happened in another way. */
  over = false;
  readonly #lane: Lane;
  readonly #proxy: ProxyUnderTest;
  readonly #places: Places;
  readonly #clients = new Map<string, Peer>();
  readonly #connections: ServerPeer[] = [];
  readonly #named = new Map<string, ServerPeer>();
  /** The one that got the last request. */
  #last: ServerPeer | undefined;
  #arrived = Promise.withResolvers<void>();

  constructor(lane: Lane, proxy: ProxyUnderTest) {
    this.#lane = lane;
    this.#proxy = proxy;
    this.#places = {
      client: lane.client,
      server: `127.0.0.1:${lane.servers[0]?.port}`,
      proxy: `${proxy.host}:${proxy.port}`,
    };
    for (const server of lane.servers) server.onConnection((socket) => this.#accept(server, socket));
  }

  async perform(step: Step): Promise<void> {
    await (this.#actions[step.verb] as (step: Step) => Promise<void> | void)(step);
  }

  readonly #actions: Actions = {
    "client sends": async (step) => {
      const { wire } = await this.#client(step);
      const sent = send(wire, encode(step.value, this.#places), step.split);
      if (step["without waiting"]) sent.catch(() => {});
      else await sent;
    },
    "client half-closes": async (step) => halfClose((await this.#client(step)).wire),
    "client closes": async (step) => close((await this.#client(step)).wire),
    "client resets": async (step) => reset((await this.#client(step)).wire),
    "client gets": async (step) => this.#clientGets(await this.#client(step), step),
    "client gets content": async (step) => this.#getsContent(await this.#client(step), step.value),
    "client gets end": async (step) => this.#getsEnd(await this.#client(step), step.value),
    "client gets octets": async (step) => this.#getsOctets(await this.#client(step), step.value),
    "client gets nothing": async (step) => {
      const { wire } = await this.#client(step);
      await pause(SETTLE_MS);
      if (!wire.idle) throw unexpected(wire);
    },
    "client connection closes": async (step) => {
      const { wire } = await this.#client(step);
      await ends(wire);
      if (wire.reset)
        throw new Unmet(`${wire.name}: expected the connection to be closed in order; found a reset`);
    },
    "client connection breaks": async (step) => breaks((await this.#client(step)).wire),
    "client pauses": async (step) => void (await this.#client(step)).wire.socket.pause(),
    "client resumes": async (step) => void (await this.#client(step)).wire.socket.resume(),
    "server gets": (step) => this.#serverGets(step),
    "server gets content": (step) => this.#getsContent(this.#server(step), step.value),
    "server gets end": (step) => this.#getsEnd(this.#server(step), step.value),
    "server gets octets": (step) => this.#getsOctets(this.#server(step), step.value),
    "server gets nothing": async () => {
      await pause(SETTLE_MS);
      this.#nothingUnread();
    },
    "server gets no whole request": async () => {
      const begun = this.#connections.filter(({ wire }) => wire.unread.length > 0);
      for (const { wire } of begun) await breaksOff(wire);
    },
    "server sends": (step) => send(this.#server(step).wire, encode(step.value, this.#places), step.split),
    "server answers": (step) => send(this.#server(step).wire, answer(step.value), undefined),
    "server half-closes": (step) => halfClose(this.#server(step).wire),
    "server closes": (step) => close(this.#server(step).wire),
    "server resets": (step) => reset(this.#server(step).wire),
    "server pauses": (step) => void this.#server(step).wire.socket.pause(),
    "server resumes": (step) => void this.#server(step).wire.socket.resume(),
    "server connection closes": (step) => ends(this.#server(step).wire),
    "server connection breaks": (step) => breaks(this.#server(step).wire),
    "server stops listening": (step) => this.#lane.server(step.value).stopListening(),
    "server listens": (step) => this.#lane.server(step.value).listen(),
    wait: (step) => pause(step.value),
  };

  /** Lets the proxy finish, then looks at what nobody has taken. */
  async end(): Promise<void> {
    const open = [...this.#clients.values()].filter(({ wire }) => !wire.ended && wire.socket.writable);
    for (const { wire } of open) wire.socket.end();
    await Promise.race([Promise.all(open.map(({ wire }) => ended(wire))), pause(5 * SETTLE_MS)]);
    for (const { wire } of this.#clients.values()) if (wire.unread.length > 0) throw unexpected(wire);
    this.#nothingUnread();
  }

  clear(): void {
    for (const { wire } of [...this.#clients.values(), ...this.#connections]) wire.destroy();
    for (const server of this.#lane.servers) server.onConnection((socket) => socket.destroy());
  }

  async #client({ client, peer }: { client: string; peer?: "trusted" | undefined }): Promise<Peer> {
    const known = this.#clients.get(client);
    if (known !== undefined) return known;
    const localAddress = peer === "trusted" ? this.#lane.trustedPeer : this.#lane.client;
    const { host, port } = this.#proxy;
    const socket = connect({ host, port, localAddress, noDelay: true, allowHalfOpen: true });
    await once(socket, "connect");
    const opened = { wire: new Wire(socket, `client ${client}`, this.transcript), pending: undefined };
    this.#clients.set(client, opened);
    return opened;
  }

  #accept(server: LaneServer, socket: Wire["socket"]): void {
    const name = `server ${server.name}, connection ${this.#connections.length + 1}`;
    const wire = new Wire(socket, name, this.transcript);
    wire.note("is accepted");
    this.#connections.push({ wire, server, requests: 0, pending: undefined });
    const { resolve } = this.#arrived;
    this.#arrived = Promise.withResolvers();
    resolve();
  }

  #server({ on }: { on?: string | undefined }): ServerPeer {
    const peer = on === undefined || on === "same" ? this.#last : this.#named.get(on);
    if (peer === undefined)
      throw new Unmet(`no server connection is ${on === undefined ? "known" : `called ${on}`}`);
    return peer;
  }

  async #clientGets(client: Peer, { value, orCloses }: StepOf<"client gets">): Promise<void> {
    this.#nothingPending(client);
    const { wire } = client;
    if (orCloses) {
      await wire.until(() => wire.unread.length > 0 || wire.ended || undefined, "an answer or the end");
      if (wire.unread.length === 0) return;
    }
    if (value.status === BAD_GATEWAY && this.#proxy.measure === "sense" && (await endsUnanswered(wire))) {
      this.over = true;
      return;
    }
    const head = await readHead(wire);
    expectResponseHead(head, value, this.#places, this.#proxy.measure);
    const [, status] = statusLine(head);
    const content = new Content(wire, responseFraming(value.to, status, head.fields), head.fields);
    await expectContent(content, value, this.#places);
    if (value.pending) client.pending = content;
  }

  async #serverGets({ value, on, as, at }: StepOf<"server gets">): Promise<void> {
    const peer = await this.#requested(value, on);
    if (at !== undefined && peer.server.name !== at)
      throw new Unmet(`expected a request at server ${at}; found it at ${peer.wire.name}`);
    peer.requests += 1;
    this.#last = peer;
    if (as !== undefined) this.#named.set(as, peer);
    const head = await readHead(peer.wire);
    expectRequestHead(head, value, this.#places, this.#proxy.measure);
    const content = new Content(peer.wire, requestFraming(head.fields), head.fields);
    await expectContent(content, value, this.#places);
    if (value.pending) peer.pending = content;
  }

  /** A connection on which a request waits: the one that is named, else one with the target that is expected. */
  async #requested({ target }: RequestExpectation, on: string | undefined): Promise<ServerPeer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const waiting = this.#candidates(on).filter(
        ({ wire, pending }) => wire.unread.length > 0 && pending === undefined,
      );
      const found = waiting.find(({ wire }) => target === undefined || targetOf(wire) === target);
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      // None has it: the first one is reported with what it got instead.
      if (left <= 0) return waiting[0] ?? this.#noRequest(on);
      const changes = this.#connections.map(({ wire }) => wire.changed);
      await Promise.race([this.#arrived.promise, ...changes, pause(Math.min(left, 500))]);
    }
  }

  #candidates(on: string | undefined): readonly ServerPeer[] {
    if (on === undefined) return this.#connections;
    if (on === "new") return this.#connections.filter(({ requests }) => requests === 0);
    return [this.#server({ on })];
  }

  #noRequest(on: string | undefined): never {
    const got = this.#connections.map(({ wire }) => `${wire.name} has ${show(wire.unread)}`).join("; ");
    const clients = [...this.#clients.values()]
      .map(({ wire }) => `${wire.name} has ${show(wire.unread)}`)
      .join("; ");
    throw new Unmet(
      `expected a request${on === undefined ? "" : ` on ${on}`}; found none in ${PATIENCE_MS} ms; ${got}; ${clients}`,
    );
  }

  async #getsContent(peer: Peer, expected: StepOf<"client gets content">["value"]): Promise<void> {
    const { pending, wire } = peer;
    if (pending === undefined) throw new Unmet(`${wire.name}: no message is pending`);
    const wanted = encode(expected, this.#places);
    const found = await pending.exactly(wanted.length);
    if (!found.equals(wanted))
      throw new Unmet(`${wire.name}: expected the content ${show(wanted)}; found ${show(found)}`);
  }

  async #getsEnd(peer: Peer, expected: StepOf<"client gets end">["value"]): Promise<void> {
    const { pending, wire } = peer;
    if (pending === undefined) throw new Unmet(`${wire.name}: no message is pending`);
    const { octets, complete } = await pending.rest();
    if (octets.length > 0)
      throw new Unmet(`${wire.name}: expected the end of the content; found ${show(octets)}`);
    if (!complete) throw new Truncated(`${wire.name}: the content breaks off`);
    if (expected !== null) expectFields("trailer", pending.trailers, expected.trailers, this.#places);
    peer.pending = undefined;
  }

  async #getsOctets({ wire }: Peer, expected: StepOf<"client gets octets">["value"]): Promise<void> {
    const wanted = encode(expected, this.#places);
    const found = await wire.exactly(wanted.length);
    if (!found.equals(wanted))
      throw new Unmet(`${wire.name}: expected ${show(wanted)}; found ${show(found)}`);
  }

  #nothingPending({ pending, wire }: Peer): void {
    if (pending !== undefined) throw new Unmet(`${wire.name}: the message before is still pending`);
  }

  #nothingUnread(): void {
    for (const { wire } of this.#connections) if (wire.unread.length > 0) throw unexpected(wire);
  }
}

const BAD_GATEWAY = 502;

/** Who closes instead of saying that the server is wrong says so too, if less politely. */
async function endsUnanswered(wire: Wire): Promise<boolean> {
  await wire.until(() => wire.unread.length > 0 || wire.ended || undefined, "an answer or the end");
  return wire.unread.length === 0;
}

function unexpected(wire: Wire): Unmet {
  const what = wire.unread.length > 0 ? show(wire.unread) : wire.reset ? "a reset" : "the end";
  return new Unmet(`${wire.name}: nobody expected ${what}`);
}

/** The target of the request that waits, once its first line is there. */
function targetOf(wire: Wire): string | undefined {
  const end = wire.unread.indexOf("\r\n");
  if (end < 0) return undefined;
  try {
    return requestLine({
      firstLine: wire.unread.toString("latin1", 0, end),
      lines: [],
      fields: new Map(),
    })[1];
  } catch {
    return undefined;
  }
}

async function ends(wire: Wire): Promise<void> {
  await wire.until(() => wire.unread.length > 0 || wire.ended || undefined, "the end of the connection");
  if (wire.unread.length > 0)
    throw new Unmet(`${wire.name}: expected the end of the connection; found ${show(wire.unread)}`);
}

async function breaks(wire: Wire): Promise<void> {
  await ended(wire);
  wire.take(wire.unread.length);
}

/** What the server has got of a request ends before the request does. */
async function breaksOff(wire: Wire): Promise<void> {
  try {
    const head = await readHead(wire);
    const content = new Content(wire, requestFraming(head.fields), head.fields);
    const { octets, complete } = await content.rest();
    if (complete)
      throw new Unmet(
        `${wire.name}: nobody expected a whole request; found ${show(head.firstLine)}, content ${show(octets)}`,
      );
  } catch (error) {
    if (!(error instanceof Truncated)) throw error;
  }
}

async function ended(wire: Wire): Promise<void> {
  await wire.until(() => wire.ended || undefined, "the end of the connection");
}

async function send(wire: Wire, octets: Buffer, split: Split | undefined): Promise<void> {
  wire.note(`sends ${show(octets)}${split === undefined ? "" : ", in pieces"}`);
  for (const piece of pieces(octets, split)) {
    await wire.send(piece);
    if (split !== undefined) await nextTurn();
  }
}

function pieces(octets: Buffer, split: Split | undefined): Buffer[] {
  if (split === undefined) return [octets];
  if (split === "octets") return Array.from(octets, (_, at) => octets.subarray(at, at + 1));
  const cuts = split === "lines" ? lineEnds(octets) : split;
  const all = [0, ...cuts, octets.length];
  return all
    .slice(1)
    .map((to, i) => octets.subarray(all[i], to))
    .filter(({ length }) => length > 0);
}

function lineEnds(octets: Buffer): number[] {
  return Array.from(octets.entries()).flatMap(([at, octet]) => (octet === 0x0a ? [at + 1] : []));
}

function halfClose(wire: Wire): void {
  wire.note("half-closes");
  wire.socket.end();
}

function close(wire: Wire): void {
  wire.note("closes");
  wire.socket.destroySoon();
}

function reset(wire: Wire): void {
  wire.note("resets");
  wire.socket.resetAndDestroy();
}

function answer(text: string): Buffer {
  const content = Buffer.from(text);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`),
    content,
  ]);
}
