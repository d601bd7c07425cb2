import { onePool, type RunningShunt, startShunt } from "../../support/shunt.ts";
import { readCorpus } from "../engine/corpus.ts";
import { cuts, type Dice, piecesOf } from "../engine/dice.ts";
import type { Finding } from "../engine/findings.ts";
import { mutate } from "../engine/mutate.ts";
import { require } from "../engine/target.ts";
import { valuesOf } from "../oracle/message.ts";
import { readSent } from "../oracle/sent-requests.ts";
import { REQUEST_SEEDS, REQUEST_WORDS } from "../targets/request-words.ts";
import { checkConversation } from "../yard/checked-conversation.ts";
import { inOrder, readAnswers } from "../yard/conversation.ts";
import { GoodServer, type Seen } from "../yard/good-server.ts";
import { Lies } from "./lies.ts";
import { Neighbour } from "./neighbour.ts";
import { addressOf, type Heard, RealServer, speak } from "./socket-end.ts";

/** Conversations that go on at the same time; those with a server that lies mostly wait for a time limit. */
const WITH_GOOD = 16;
const WITH_LIAR = 48;
const MOST_BYTES = 3_000;

export interface LiveReport {
  readonly conversations: number;
  readonly requests: number;
  readonly findings: readonly Finding[];
}

/**
 * `shunt up` as a process, between clients that send anything, servers that read strictly, servers that answer anything,
 * and a neighbour who does nothing wrong. What the yard holds has to hold here: servers get what was sent and no more,
 * each answer belongs to its request, and in the end nothing is left and nobody has died.
 */
export class Live {
  readonly #dice: Dice;
  readonly #findings: Finding[] = [];
  /** Requests that came to good servers, by the address of their client. */
  readonly #seen = new Map<string, Seen[]>();
  #clients = 0;
  #requests = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** Goes on until `isOver`; `inputs` are sent first. */
  async run(isOver: () => boolean, inputs: readonly Buffer[]): Promise<LiveReport> {
    await using good = await RealServer.start(
      (side, port) => new GoodServer(side, port, (seen) => this.#note(seen)),
      (error) => this.#found(Buffer.alloc(0), error),
    );
    const lies = new Lies(this.#dice);
    await using liar = await RealServer.start(
      (side) => lies.serve(side),
      () => {},
    );
    await using shunt = await startShunt(configOf(good, liar));
    const { pid } = await shunt.acceptor();
    const neighbour = new Neighbour(shunt.url);
    for (const octets of inputs) await this.#speak(shunt, octets);
    if (inputs.length === 0) await this.#speakOn(shunt, lies, isOver);
    await this.#check(Buffer.alloc(0), async () => {
      await neighbour.leave();
      await shunt.quiet();
      require((await shunt.acceptor()).pid === pid, () => "an acceptor died");
    });
    return { conversations: this.#clients, requests: this.#requests, findings: this.#findings };
  }

  async #speakOn(shunt: RunningShunt, lies: Lies, isOver: () => boolean): Promise<void> {
    const inputs = [
      ...REQUEST_SEEDS.map((text) => Buffer.from(text, "latin1")),
      ...readCorpus("requests").map(({ octets }) => octets),
    ];
    const material = {
      dictionary: REQUEST_WORDS.map((text) => Buffer.from(text, "latin1")),
      other: () => this.#dice.of(inputs),
    };
    const lane = async (one: () => Promise<void>): Promise<void> => {
      while (!isOver() && this.#findings.length === 0) await one();
    };
    const good = () => this.#speak(shunt, mutate(this.#dice, this.#dice.of(inputs), material, MOST_BYTES));
    const bad = () => this.#hearLie(shunt, lies);
    const lanes = [...Array(WITH_GOOD).fill(good), ...Array(WITH_LIAR).fill(bad)];
    await Promise.all(lanes.map(lane));
  }

  /** One client sends octets, and gets its answers; servers got what it sent. */
  async #speak(shunt: RunningShunt, octets: Buffer): Promise<void> {
    const address = addressOf(++this.#clients);
    await this.#check(octets, async () => {
      const pieces = piecesOf(octets, cuts(this.#dice, octets.length));
      const heard = await speak(shunt.url, pieces, address);
      const seen = inOrder(this.#seen.get(address) ?? []);
      this.#seen.delete(address);
      this.#requests += seen.length;
      checkHeard(octets, heard, seen, address);
    });
  }

  async #hearLie(shunt: RunningShunt, lies: Lies): Promise<void> {
    const lie = lies.next();
    await this.#check(lie.octets, async () => {
      const heard = await speak(shunt.url, [lie.request], addressOf(++this.#clients), this.#dice.oneIn(2));
      lies.check(lie, heard);
    });
  }

  #note(seen: Seen): void {
    const [address = ""] = valuesOf(seen.message.fields, "x-forwarded-for");
    const all = this.#seen.get(address) ?? [];
    all.push(seen);
    this.#seen.set(address, all);
  }

  async #check(octets: Buffer, run: () => Promise<void>): Promise<void> {
    await run().catch((error: unknown) => this.#found(octets, error));
  }

  #found(octets: Buffer, error: unknown): void {
    this.#findings.push({ target: "live", octets, error });
  }
}

function checkHeard(octets: Buffer, { text, ending }: Heard, seen: readonly Seen[], address: string): void {
  require(ending !== "open", () => `the connection was not ended, behind ${text.length} octets`);
  require(ending !== "reset", () => `the connection was reset, behind ${text.length} octets`);
  const sent = readSent(octets.toString("latin1"));
  const answers = readAnswers({ text, ending }, sent);
  checkConversation(sent, { seen, answers, ending }, address);
}

/** Short time limits: most lies and half of the beginnings of requests end with one. */
function configOf(good: RealServer, liar: RealServer): Parameters<typeof startShunt>[0] {
  return {
    ...onePool({ name: "good", url: good.url }),
    pools: {
      all: { servers: { good: { url: good.url } } },
      lies: { servers: { liar: { url: liar.url } } },
    },
    classes: { all: { pool: "all" }, lies: { pool: "lies" } },
    rules: [{ name: "lies", when: { header: { "x-lie": true } }, class: "lies" }],
    timeouts: {
      headMs: 2_000,
      bodyIdleMs: 1_000,
      responseMs: 1_000,
      classifyMs: 5_000,
      clientIdleMs: 2_000,
      drainMs: 5_000,
    },
    log: { access: "off" },
  };
}
