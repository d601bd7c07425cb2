import { readCorpus } from "../engine/corpus.ts";
import { cuts, Dice, piecesOf, seedOf } from "../engine/dice.ts";
import { mutate } from "../engine/mutate.ts";
import { RESPONSE_SEEDS, RESPONSE_WORDS } from "../targets/response-words.ts";
import {
  checkOutcome,
  outcomeOf,
  readScript,
  requestOf,
  type Scene,
  sceneOf,
} from "../targets/scripted-answer.ts";
import type { ServerSide } from "../yard/good-server.ts";
import type { FarEnd } from "../yard/socket.ts";
import type { Heard } from "./socket-end.ts";

const MOST_BYTES = 2_000;
const NUMBER = /^x-lie: (\d+)/im;

/** One lie: what is asked, and what will be answered. */
export interface Lie {
  /** The scene's octet and the answer, as the target `responses` has them. */
  readonly octets: Buffer;
  readonly scene: Scene;
  readonly request: Buffer;
}

/** Answers of servers that say anything; the request tells which it gets. */
export class Lies {
  readonly #dice: Dice;
  readonly #told = new Map<string, Lie>();
  readonly #inputs = [
    ...RESPONSE_SEEDS.map((text) => Buffer.from(text, "latin1")),
    ...readCorpus("responses").map(({ octets }) => octets),
  ];
  #count = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  next(): Lie {
    const material = {
      dictionary: RESPONSE_WORDS.map((text) => Buffer.from(text, "latin1")),
      other: () => this.#dice.of(this.#inputs),
    };
    const octets = mutate(this.#dice, this.#dice.of(this.#inputs), material, MOST_BYTES);
    const scene = sceneOf(octets[0] ?? 0);
    const number = String(this.#count++);
    const request = Buffer.from(requestOf(scene).toString().replace("\r\n", `\r\nX-Lie: ${number}\r\n`));
    const lie = { octets, scene, request };
    this.#told.set(number, lie);
    return lie;
  }

  /** A server's side of a connection: each head that names a lie is answered by it. */
  serve(side: ServerSide): FarEnd {
    let unread = "";
    return {
      received: (octets) => {
        unread += octets.toString("latin1");
        const [head = "", ...rest] = unread.split("\r\n\r\n");
        if (rest.length === 0) return;
        unread = rest.join("\r\n\r\n");
        const lie = this.#told.get(NUMBER.exec(head)?.[1] ?? "");
        if (lie !== undefined) tell(lie, side);
      },
      ended: () => side.arriveFin(),
    };
  }

  /** Throws if the client took the lie for something else than it was. */
  check(lie: Lie, { text, ending }: Heard): void {
    const { scene, octets } = lie;
    const script = readScript(octets.subarray(1).toString("latin1"), scene);
    const outcome = outcomeOf({ text, ending: ending === "open" ? undefined : ending }, scene);
    checkOutcome(outcome, scene, script, []);
  }
}

function tell({ octets, scene }: Lie, side: ServerSide): void {
  const answer = octets.subarray(1);
  const pieces = piecesOf(answer, cuts(new Dice(seedOf(octets)), answer.length));
  for (const piece of pieces) side.arrive(Buffer.from(piece));
  if (scene.closes) side.arriveFin();
}
