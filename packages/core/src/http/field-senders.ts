import { FIELD, type FieldNames, RESEMBLES } from "./field-names.ts";

/** Who may send a field. */
const ANYBODY = 0;
const TRUSTED_PEERS = 1;
const NOBODY = 2;
/** Anybody, but nobody what resembles it. */
const UNMISTAKABLE = 3;

/** What a connection option does that names a field; see FieldLines.takeOutNamed. */
export const NAMED = Object.freeze({
  /** The field ends here (RFC 9110 section 7.6.1). */
  TAKEN_OUT: 0,
  /** The field stays. */
  STAYS: 1,
  /** The request is refused. */
  REFUSED: 2,
} as const);

/** Fields that say something about a client; besides, all whose names begin with `X-Forwarded-`. */
const ABOUT_CLIENTS = [FIELD.FORWARDED, FIELD.X_REAL_IP, FIELD.X_REQUEST_ID];
/** Fields that frame the message or are judged before they are dropped. */
const OF_THE_MESSAGE = [
  FIELD.HOST,
  FIELD.CONTENT_LENGTH,
  FIELD.TRANSFER_ENCODING,
  FIELD.CONNECTION,
  FIELD.TE,
  FIELD.MAX_FORWARDS,
  FIELD.VIA,
];
/** What a server must not find under a name that is like theirs. */
const FRAMING = [FIELD.CONTENT_LENGTH, FIELD.TRANSFER_ENCODING];
/** Fields that end here whoever names them. */
const HOP_BY_HOP = [FIELD.KEEP_ALIVE, FIELD.PROXY_CONNECTION, FIELD.UPGRADE, FIELD.HTTP2_SETTINGS];

/**
 * Who may send which field. Fields that are believed come from trusted peers or not at all. What only resembles one
 * comes from nobody: trusted peers pass it on from strangers, and a CGI-like server reads it as the one that it
 * resembles.
 */
export class FieldSenders {
  /** One of NAMED for each number of a field. */
  readonly whenNamed: Uint8Array;
  readonly #senders: Uint8Array;

  /**
   * @param believed names of fields that are believed, in lower case, besides those about clients
   * @param decisive names of the fields by which rules or the identity decide. A client that could have one removed on
   * the way would have the rules judge another request than it sent, or make a trusted peer unsay something
   * (CVE-2024-45410); an option must not name what is meant for all recipients anyway
   */
  constructor(names: FieldNames, believed: readonly string[], decisive: readonly string[]) {
    const numbers = [...ABOUT_CLIENTS, ...names.forwarded(), ...numbersOf(names, believed)];
    const senders = new Uint8Array(names.forwardedOther + 1);
    for (const number of [...numbers, ...FRAMING])
      for (const other of names.resembling(number)) senders[other] = NOBODY;
    for (const number of FRAMING) senders[number] = UNMISTAKABLE;
    for (const number of numbers) senders[number] = TRUSTED_PEERS;
    for (const number of names.forwardedLike()) senders[number] = NOBODY;
    senders[names.forwardedOther] = TRUSTED_PEERS;
    this.#senders = senders;
    this.whenNamed = whenNamed(senders, numbersOf(names, decisive));
  }

  /** Whether a field may come from a peer; `number` as FieldNames tells it. */
  mayBeFrom(trusted: boolean, number: number): boolean {
    const senders = this.#senders[number & ~RESEMBLES];
    if (senders === ANYBODY) return true;
    if (number >= RESEMBLES) return false;
    return senders === UNMISTAKABLE || (trusted && senders === TRUSTED_PEERS);
  }
}

function numbersOf(names: FieldNames, texts: readonly string[]): number[] {
  return texts.map((text) => names.numberOf(text)).filter((number) => number !== FIELD.UNKNOWN);
}

function whenNamed(senders: Uint8Array, decisive: readonly number[]): Uint8Array {
  const when = new Uint8Array(senders.length);
  for (const number of decisive) when[number] = NAMED.REFUSED;
  for (const number of HOP_BY_HOP) when[number] = NAMED.TAKEN_OUT;
  for (const number of OF_THE_MESSAGE) when[number] = NAMED.STAYS;
  senders.forEach((who, number) => {
    if (who === TRUSTED_PEERS) when[number] = NAMED.STAYS;
  });
  return when;
}
