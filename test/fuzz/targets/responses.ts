import { cuts, Dice, piecesOf, seedOf } from "../engine/dice.ts";
import { require, shown, type Target } from "../engine/target.ts";
import { membersOf, valuesOf } from "../oracle/message.ts";
import { persists } from "../oracle/strict-reader.ts";
import { GoodServer, type Seen } from "../yard/good-server.ts";
import { RecordingEnd } from "../yard/recording-end.ts";
import { ScriptedServer } from "../yard/scripted-server.ts";
import type { FakeSocket } from "../yard/socket.ts";
import type { Yard } from "../yard/yard.ts";
import { RESPONSE_SEEDS, RESPONSE_WORDS } from "./response-words.ts";
import {
  checkOutcome,
  isOwn,
  type Outcome,
  outcomeOf,
  readScript,
  requestOf,
  type Scene,
  type Script,
  sceneOf,
} from "./scripted-answer.ts";

/** Octets are also sent one by one when there are at most so many. */
const SHORT = 300;

/** A whole acceptor between a good client and a server that answers anything. */
export class ResponsesTarget implements Target {
  readonly name = "responses";
  readonly claim =
    "a client gets what a strict reader finds in the server's octets, or an answer of Shunt's, or a broken message; at any split";
  readonly seeds = RESPONSE_SEEDS;
  readonly dictionary = RESPONSE_WORDS;
  readonly maxBytes = 4_096;
  readonly weight = 5;
  readonly #yard: Yard;

  constructor(yard: Yard) {
    this.#yard = yard;
  }

  run(octets: Buffer): string {
    const scene = sceneOf(octets[0] ?? 0);
    const answer = octets.subarray(1);
    const script = readScript(answer.toString("latin1"), scene);
    const whole = this.#converse([answer], scene, script);
    const somehow = cuts(new Dice(seedOf(octets)), answer.length);
    this.#checkSplit(answer, somehow, whole, scene, script);
    const everywhere = Array.from(answer, (_, at) => at);
    if (answer.length <= SHORT) this.#checkSplit(answer, everywhere, whole, scene, script);
    return signature(whole, scene, script);
  }

  #checkSplit(answer: Buffer, at: readonly number[], whole: Outcome, scene: Scene, script: Script): void {
    const split = this.#converse(piecesOf(answer, at), scene, script);
    const [a, b] = [essence(whole), essence(split)];
    require(a === b, () => `in one piece: ${a}, cut at ${at}: ${b}`);
  }

  #converse(pieces: readonly Buffer[], scene: Scene, script: Script): Outcome {
    const seen: Seen[] = [];
    const scripted: ScriptedServer[] = [];
    this.#yard.served((socket, port) => {
      if (scripted.length > 0) return new GoodServer(socket, port, (request) => seen.push(request));
      const server = new ScriptedServer(socket, pieces, scene.closes);
      scripted.push(server);
      return server;
    });
    try {
      const client = new RecordingEnd();
      const socket = this.#yard.connect(client);
      socket.arrive(requestOf(scene));
      this.#yard.settle();
      const outcome = outcomeOf(client, scene);
      checkOutcome(outcome, scene, script, seen);
      this.#askOnce(socket, client, scene, outcome);
      if (outcome.final.is === "incomplete") this.#checkLimits(client, scene, script, seen);
      const again = scripted[0]?.requests ?? 0;
      require(again < 2 || maySendAgain(script), () => "a connection was used again that must not be");
      return outcome;
    } finally {
      this.#yard.clear();
      this.#yard.checkEmpty();
    }
  }

  /** A server that says nothing more is not waited for. */
  #checkLimits(client: RecordingEnd, scene: Scene, script: Script, seen: readonly Seen[]): void {
    this.#yard.wait();
    const outcome = outcomeOf(client, scene);
    checkOutcome(outcome, scene, script, seen);
    const isOver = outcome.final.is === "message" || client.ending !== undefined;
    require(isOver, () => `still waiting behind ${JSON.stringify(client.text)}`);
  }

  /** Where the client's connection goes on, another request gets an answer of its own. */
  #askOnce(socket: FakeSocket, client: RecordingEnd, scene: Scene, { final, text, ending }: Outcome): void {
    if (final.is !== "message" || ending !== undefined || !persists(final.message)) return;
    if (final.message.status === 101 || scene.minor === 0) return;
    socket.arrive(Buffer.from("GET /second HTTP/1.1\r\nHost: a\r\n\r\n"));
    this.#yard.settle();
    const rest = client.text.slice(text.length);
    const reading = readScript(rest, { ...scene, method: "GET", closes: client.ending === "fin" }).final;
    // A connection that the script allows to be used again says nothing more: that is how a server stalls.
    if (reading.is === "incomplete") return;
    require(reading.is === "message", () => `behind the answer comes ${shown(rest)}`);
    const [asked] = valuesOf(reading.message.fields, "x-asked");
    require(asked !== undefined || isOwn(reading.message), () => "the second answer is nobody's");
  }
}

/** A connection carries another request only behind a response that ended where it should, with nothing behind it. */
function maySendAgain({ final, surplus }: Script): boolean {
  if (final.is !== "message" || surplus) return false;
  const { message } = final;
  if (!persists(message)) return false;
  const framed = ["content-length", "transfer-encoding"].some(
    (name) => valuesOf(message.fields, name).length > 0,
  );
  return (
    framed || message.status < 200 || message.status === 204 || message.status === 304 || message.body === ""
  );
}

/**
 * The response that the client can use. Whether a request is tried again depends on what else was tried, and how much of
 * a response had left when it broke off depends on the turn; then there is none, however that was said.
 */
function essence({ final, interim, ending }: Outcome): string {
  if (final.is !== "message") return "none";
  const { status, fields, body, trailers } = final.message;
  if (isOwn(final.message) || valuesOf(fields, "x-asked").length > 0) return "none";
  return JSON.stringify([status, body, trailers, interim, ending]);
}

function signature({ final, ending }: Outcome, scene: Scene, script: Script): string {
  const why = script.final.is === "malformed" ? script.final.why : "";
  const got =
    final.is === "message" ? `${final.message.status} ${membersOf(final.message.fields, "connection")}` : "";
  return [final.is, got, ending, script.final.is, why, script.surplus, scene.method, scene.minor].join(" ");
}
