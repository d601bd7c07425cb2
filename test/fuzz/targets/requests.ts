import { cuts, Dice, piecesOf, seedOf } from "../engine/dice.ts";
import { require, type Target } from "../engine/target.ts";
import { valuesOf } from "../oracle/message.ts";
import { readSent, type Sent } from "../oracle/sent-requests.ts";
import { checkConversation, essence } from "../yard/checked-conversation.ts";
import { type Conversation, converse, ruleOf, stay } from "../yard/conversation.ts";
import type { Yard } from "../yard/yard.ts";
import { REQUEST_SEEDS, REQUEST_WORDS } from "./request-words.ts";

/** Octets are also sent one by one when there are at most so many. */
const SHORT = 300;
/** Of so many inputs one is followed by silence. */
const ONE_IS_PATIENT = 4;

/** A whole acceptor between a client that sends anything and servers that read strictly. */
export class RequestsTarget implements Target {
  readonly name = "requests";
  readonly claim =
    "what servers get is what a strict reader finds in the client's octets, for Node and llhttp too, at any split";
  readonly seeds = REQUEST_SEEDS;
  readonly dictionary = REQUEST_WORDS;
  readonly maxBytes = 4_096;
  readonly weight = 5;
  readonly #yard: Yard;

  constructor(yard: Yard) {
    this.#yard = yard;
  }

  run(octets: Buffer): string {
    const sent = readSent(octets.toString("latin1"));
    const whole = this.#converse([octets], sent);
    const somehow = cuts(new Dice(seedOf(octets)), octets.length);
    this.#checkSplit(octets, somehow, whole, sent);
    const everywhere = Array.from(octets, (_, at) => at);
    if (octets.length <= SHORT) this.#checkSplit(octets, everywhere, whole, sent);
    if (seedOf(octets) % ONE_IS_PATIENT === 0) this.#checkLimits(octets);
    return signature(whole, sent);
  }

  /** Who says nothing more is not waited for. */
  #checkLimits(octets: Buffer): void {
    const client = stay(this.#yard, octets);
    require(client.ending !== undefined, () => `still there behind ${JSON.stringify(client.text)}`);
  }

  #checkSplit(octets: Buffer, at: readonly number[], whole: Conversation, sent: Sent): void {
    const split = this.#converse(piecesOf(octets, at), sent);
    const [a, b] = [essence(whole, sent), essence(split, sent)];
    require(a === b, () => `in one piece: ${a}, cut at ${at}: ${b}`);
  }

  #converse(pieces: readonly Buffer[], sent: Sent): Conversation {
    const conversation = converse(this.#yard, pieces, sent);
    checkConversation(sent, conversation);
    return conversation;
  }
}

function signature({ seen, answers, ending }: Conversation, { rest, why }: Sent): string {
  const rules = answers.map((answer) => ruleOf(answer) ?? "");
  const kinds = seen.map(({ message: { fields } }) =>
    valuesOf(fields, "transfer-encoding").length > 0 ? "c" : "l",
  );
  return [kinds.slice(0, 3).join(""), rules.join(""), ending, rest, why].join(" ");
}
