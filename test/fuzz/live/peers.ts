import { onePool, type RunningShunt, startShunt } from "../../support/shunt.ts";
import { readCorpus } from "../engine/corpus.ts";
import type { Dice } from "../engine/dice.ts";
import type { Finding } from "../engine/findings.ts";
import { mutate } from "../engine/mutate.ts";
import { require } from "../engine/target.ts";
import { type Field, type RequestMessage, type ResponseMessage, valuesOf } from "../oracle/message.ts";
import { readSent, type Sent } from "../oracle/sent-requests.ts";
import { REQUEST_SEEDS, REQUEST_WORDS } from "../targets/request-words.ts";
import { finalOf, inOrder, readAnswers } from "../yard/conversation.ts";
import { GoodServer, type Seen, withLength } from "../yard/good-server.ts";
import type { LiveReport } from "./live.ts";
import { PEERS, Peer } from "./peer.ts";
import { addressOf, RealServer, speak } from "./socket-end.ts";

const AT_ONCE = 8;
const MOST_BYTES = 2_000;

/** HAProxy and nginx as servers of Shunt: what it forwards they take, and understand as the message that it was. */
export async function runPeers(
  dice: Dice,
  isOver: (part: number) => boolean,
  inputs: readonly Buffer[],
): Promise<LiveReport> {
  const total = { conversations: 0, requests: 0, findings: [] as Finding[] };
  const installed = PEERS.filter((kind) => kind.version() !== undefined);
  for (const [i, kind] of installed.entries()) {
    console.log(`peers: ${kind.version()}`);
    const seen = new Map<string, Seen[]>();
    await using server = await RealServer.start(
      (side, port) => new GoodServer(side, port, (request) => note(seen, request), [withLength]),
      (error) => total.findings.push({ target: "peers", octets: Buffer.alloc(0), error }),
    );
    await using peer = await Peer.start(kind, server.port);
    await using shunt = await startShunt({
      ...onePool({ name: kind.name, url: peer.url }),
      log: { access: "off" },
    });
    const round = new PeerRound(kind.name, shunt, dice, seen);
    await round.run(() => isOver((i + 1) / installed.length), inputs);
    total.conversations += round.conversations;
    total.requests += round.requests;
    total.findings.push(...round.findings);
  }
  return total;
}

function note(seen: Map<string, Seen[]>, request: Seen): void {
  const [address = ""] = valuesOf(request.message.fields, "x-forwarded-for");
  seen.set(address, [...(seen.get(address) ?? []), request]);
}

/** Conversations with Shunt before one other proxy. */
class PeerRound {
  readonly findings: Finding[] = [];
  conversations = 0;
  requests = 0;
  readonly #peer: string;
  readonly #shunt: RunningShunt;
  readonly #dice: Dice;
  readonly #seen: Map<string, Seen[]>;

  constructor(peer: string, shunt: RunningShunt, dice: Dice, seen: Map<string, Seen[]>) {
    this.#peer = peer;
    this.#shunt = shunt;
    this.#dice = dice;
    this.#seen = seen;
  }

  async run(isOver: () => boolean, inputs: readonly Buffer[]): Promise<void> {
    for (const octets of inputs) await this.#converse(octets);
    if (inputs.length > 0) return;
    const known = [
      ...REQUEST_SEEDS.map((text) => Buffer.from(text, "latin1")),
      ...readCorpus("requests").map(({ octets }) => octets),
    ];
    const material = {
      dictionary: REQUEST_WORDS.map((text) => Buffer.from(text, "latin1")),
      other: () => this.#dice.of(known),
    };
    const one = async (): Promise<void> => {
      while (!isOver() && this.findings.length < 8)
        await this.#converse(mutate(this.#dice, this.#dice.of(known), material, MOST_BYTES));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  async #converse(octets: Buffer): Promise<void> {
    const address = addressOf(++this.conversations);
    const sent = readSent(octets.toString("latin1"));
    try {
      const { text, ending } = await speak(this.#shunt.url, [octets], address);
      require(ending !== "open", () => `the connection was not ended, behind ${text.length} octets`);
      const seen = inOrder(this.#seen.get(address) ?? []);
      this.requests += seen.length;
      this.#check(sent, seen, finalOf(readAnswers({ text, ending }, sent)));
    } catch (error) {
      this.findings.push({ target: "peers", octets, error });
    }
    this.#seen.delete(address);
  }

  /** Each answer is that of a server behind the peer, or Shunt's, or one of the peer's that is its policy. */
  #check({ requests, text }: Sent, seen: readonly Seen[], answers: readonly ResponseMessage[]): void {
    const unseen = [...seen];
    for (const [i, answer] of answers.entries()) {
      const sent = requests[i];
      const [asked] = valuesOf(answer.fields, "x-asked");
      if (asked === undefined) this.#checkWithout(sent, text, answer);
      else checkSeen(sent, unseen.shift(), asked);
    }
    require(unseen.length === 0, () =>
      `${this.#peer} sent on ${seen.length} requests, answered are ${answers.length}`);
  }

  #checkWithout(sent: RequestMessage | undefined, text: string, answer: ResponseMessage): void {
    const { status, fields } = answer;
    const isShunts = valuesOf(fields, "proxy-status").some((text) =>
      text.startsWith("shunt; error=http_request"),
    );
    const isMaxForwards = status === 200 && valuesOf(sent?.fields ?? [], "max-forwards").length > 0;
    // Of what has not come to its end a peer may say at once that it will not take it.
    if (isShunts || isMaxForwards || sent === undefined || isPolicy(this.#peer, sent, text, status)) return;
    require(false, () => `${this.#peer} answered ${status} to ${sent.method} ${JSON.stringify(sent.target)}`);
  }
}

function checkSeen(sent: RequestMessage | undefined, seen: Seen | undefined, asked: string): void {
  require(sent !== undefined && seen !== undefined, () => `an answer to ${asked}, which nobody sent`);
  require(seen.id === asked, () => `the answer to ${asked}, where it should be that to ${seen.id}`);
  const { method, target, content } = seen.message;
  const [, path] = /^https?:\/\/[^/?#]*(.*)$/i.exec(sent.target) ?? [undefined, sent.target];
  require(method === sent.method, () => `method ${method}, where it was ${sent.method}`);
  require(target.endsWith(path ?? ""), () =>
    `target ${JSON.stringify(target)}, where it was ${JSON.stringify(path)}`);
  require(content === sent.content, () =>
    `content ${JSON.stringify(content)}, where it was ${JSON.stringify(sent.content)}`);
}

/** What another proxy does not take, however well-formed it is. */
interface Policy {
  readonly peer: string;
  readonly statuses: readonly number[];
  /** `text`: all that its client sent. */
  concerns(request: RequestMessage, text: string): boolean;
}

const POLICIES: readonly Policy[] = [
  // It answers what it does not know, or does not like, itself.
  {
    peer: "nginx",
    statuses: [400, 405],
    concerns: ({ method }) => method === "TRACE" || !/^[A-Z_-]+$/.test(method),
  },
  // It resolves paths: what leads above the root, holds a NUL or is no path is none.
  {
    peer: "nginx",
    statuses: [400],
    concerns: ({ target }) => /^\*|\.\.|%2e|%00|%(?![0-9a-f]{2})/i.test(target),
  },
  // It takes most fields once.
  { peer: "nginx", statuses: [400], concerns: ({ fields }) => hasRepeated(fields) },
  // It knows no tab around a value.
  { peer: "nginx", statuses: [400], concerns: (_, text) => /:[ \t]*\t|\t[ \t]*\r\n/.test(text) },
  // It knows fewer names of hosts.
  {
    peer: "nginx",
    statuses: [400],
    concerns: ({ fields }) =>
      !/^(?:\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?)(?::\d+)?$/i.test(
        valuesOf(fields, "host")[0] ?? "",
      ),
  },
  // It checks handshakes of WebSocket, of which Shunt lets servers judge.
  { peer: "haproxy", statuses: [400], concerns: ({ fields }) => valuesOf(fields, "upgrade").length > 0 },
];

function hasRepeated(fields: readonly Field[]): boolean {
  return new Set(fields.map(([name]) => name.toLowerCase())).size < fields.length;
}

function isPolicy(peer: string, request: RequestMessage, text: string, status: number): boolean {
  return POLICIES.some(
    (policy) => policy.peer === peer && policy.statuses.includes(status) && policy.concerns(request, text),
  );
}
