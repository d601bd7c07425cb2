import { FIXED } from "../config/defaults.ts";
import { ListWalk } from "./list.ts";
import { decimal, equalsIgnoringCase, SP, skipWhitespace } from "./octets.ts";
import type { Offence } from "./offence.ts";
import { REFUSE } from "./refusal.ts";

/** What stands for us in Via (RFC 9110 section 7.6.3). */
const OURS = Buffer.from("shunt");

/** How far a request has come, and how far it may go. */
export class Hops {
  /** What is sent as Max-Forwards; -1 when it was not there, or does not concern this request. */
  left = -1;
  /** It may go no further: what was received was 0. */
  isFinal = false;
  readonly #offence: Offence;
  readonly #walk = new ListWalk();
  #passes = 0;

  constructor(offence: Offence) {
    this.#offence = offence;
  }

  clear(): void {
    this.left = -1;
    this.isFinal = false;
    this.#passes = 0;
  }

  /** Max-Forwards of a method that it concerns (section 7.6.2). */
  takeMaxForwards(bytes: Uint8Array, at: number, end: number): void {
    const hops = decimal(bytes, at, end);
    if (hops < 0 || this.isFinal || this.left >= 0) this.#offence.note(REFUSE.MAX_FORWARDS, at);
    else if (hops === 0) this.isFinal = true;
    else this.left = Math.min(hops - 1, FIXED.maxForwards);
  }

  takeVia(bytes: Uint8Array, at: number, end: number): void {
    const walk = this.#walk.over(bytes, at, end);
    while (walk.step()) {
      if (!isOurs(bytes, walk.at, walk.at + walk.length)) continue;
      if (++this.#passes > FIXED.passes) this.#offence.note(REFUSE.LOOP, walk.at);
    }
  }
}

/** received-protocol RWS received-by [ RWS comment ], where the second is our name. */
function isOurs(bytes: Uint8Array, from: number, to: number): boolean {
  let protocolEnd = from;
  while (protocolEnd < to && bytes[protocolEnd] !== SP) protocolEnd++;
  const at = skipWhitespace(bytes, protocolEnd, to);
  let end = at;
  while (end < to && bytes[end] !== SP) end++;
  return equalsIgnoringCase(bytes, at, end - at, OURS);
}
