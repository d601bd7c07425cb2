import { isNewer } from "../membership/snapshot.ts";
import { isLater, type PublicationVersion, versionText } from "./channels.ts";
import { decodeAcceptorMessage, decodeCoordinatorMessage, decodePublication } from "./decode.ts";
import { asRecord, DecodeError, record, text, whole } from "./fields.ts";
import { MAX_LINE_BYTES } from "./lines.ts";
import type { AcceptorMessage, Publication, Question } from "./messages.ts";

/**
 * The forms of what lies in Redis: registration of an acceptor, entry of the stream of reports, publication, question.
 * Each says its format. Another minor number is understood, for what it adds is ignored; another major one is refused.
 */
const FORMAT = "1.0";
const FORMATS = /^1\.\d{1,4}$/;

/** What an acceptor says about itself, again and again: once it is silent, Redis forgets it. */
export interface Registration {
  readonly acceptor: string;
  /** Names one run of it; numbers of its reports begin anew with each. */
  readonly life: string;
  readonly host: string;
  readonly pid: number;
  /** Of Shunt. */
  readonly version: string;
  /** Of the snapshot that it holds. */
  readonly term: number;
  readonly generation: number;
  /** The highest term that anything came from that it was ever told: the next leader begins above it. */
  readonly highestTerm: number;
}

export function encodeRegistration(registration: Registration): string {
  return encoded({ ...registration });
}

/** @throws DecodeError */
export function decodeRegistration(value: string): Registration {
  const fields = decoded(value, "registration");
  return {
    acceptor: text(fields, "acceptor"),
    life: text(fields, "life"),
    host: text(fields, "host"),
    pid: whole(fields, "pid"),
    version: text(fields, "version"),
    term: whole(fields, "term"),
    generation: whole(fields, "generation"),
    highestTerm: whole(fields, "highestTerm"),
  };
}

/** One entry of the stream of reports. */
export interface Report {
  readonly acceptor: string;
  readonly life: string;
  /** Each is one above the last of the same life; the first is 1. */
  readonly number: number;
  /** Undefined: it has left, and says nothing more. */
  readonly message: AcceptorMessage | undefined;
}

/** Fields of a stream entry, name and value in turn. Redis keeps the names once for many entries that have the same. */
export function encodeReport({ acceptor, life, number, message }: Report): string[] {
  const body = JSON.stringify(message ?? { kind: "left" });
  return ["format", FORMAT, "acceptor", acceptor, "life", life, "number", String(number), "message", body];
}

/** @throws DecodeError */
export function decodeReport(entry: readonly string[]): Report {
  const fields: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < entry.length; at += 2) fields[entry[at] as string] = entry[at + 1] as string;
  checkFormat(fields.format, "report");
  const body = parsed(text(fields, "message"), "report");
  return {
    acceptor: text(fields, "acceptor"),
    life: text(fields, "life"),
    number: whole({ number: Number(text(fields, "number")) }, "number"),
    message: body.kind === "left" ? undefined : decodeAcceptorMessage(body),
  };
}

/** A publication with its version: it is the same text in its key and on the channel of hints. */
export interface Announcement extends PublicationVersion {
  readonly publication: Publication;
}

export function encodeAnnouncement({ term, number, publication }: Announcement): string {
  return encoded({ term, number, publication });
}

/** @throws DecodeError */
export function decodeAnnouncement(value: string): Announcement {
  const fields = decoded(value, "announcement");
  const publication = decodePublication(record(fields, "publication"));
  const version = { term: whole(fields, "term"), number: whole(fields, "number") };
  if (publication.kind === "snapshot") {
    const { term, generation } = publication.snapshot;
    const held = { term: version.term, generation: version.number };
    if (isNewer(held, publication.snapshot) || isNewer(publication.snapshot, held)) {
      const found = versionText({ term, number: generation });
      throw new DecodeError(`snapshot: expected version ${versionText(version)}, found ${found}`);
    }
  }
  return { ...version, publication };
}

export function encodeQuestion(question: Question): string {
  return encoded({ question });
}

/** @throws DecodeError */
export function decodeQuestion(value: string): Question {
  const question = decodeCoordinatorMessage(record(decoded(value, "question"), "question"));
  if (question.kind === "tell-all" || question.kind === "get-recent") return question;
  throw new DecodeError(`question: expected a kind of tell-all, get-recent, found "${question.kind}"`);
}

/**
 * What was published last of each kind, as far as one process knows. What comes late, or twice, by channel and by key, is
 * handed on once and never backwards.
 */
export class Inbox {
  readonly #held = new Map<Publication["kind"], PublicationVersion>();

  /** Of anything that was ever taken. */
  get highestTerm(): number {
    return Math.max(0, ...[...this.#held.values()].map(({ term }) => term));
  }

  /** It is held already, wherever it came from. */
  note(kind: Publication["kind"], version: PublicationVersion): void {
    if (this.lacks(kind, version)) this.#held.set(kind, version);
  }

  lacks(kind: Publication["kind"], version: PublicationVersion): boolean {
    const held = this.#held.get(kind);
    return held === undefined || isLater(version, held);
  }

  /** Undefined for what is not later than what is held. */
  take({ term, number, publication }: Announcement): Publication | undefined {
    if (!this.lacks(publication.kind, { term, number })) return undefined;
    this.#held.set(publication.kind, { term, number });
    return publication;
  }
}

function encoded(fields: object): string {
  return JSON.stringify({ format: FORMAT, ...fields });
}

function decoded(value: string, what: string): Readonly<Record<string, unknown>> {
  const fields = parsed(value, what);
  checkFormat(fields.format, what);
  return fields;
}

function parsed(value: string, what: string): Readonly<Record<string, unknown>> {
  if (value.length > MAX_LINE_BYTES) {
    throw new DecodeError(`${what}: expected at most ${MAX_LINE_BYTES} characters, found ${value.length}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    throw new DecodeError(`${what}: expected JSON, found ${JSON.stringify(value.slice(0, 60))}`);
  }
  return asRecord(json, what);
}

function checkFormat(format: unknown, what: string): void {
  if (typeof format === "string" && FORMATS.test(format)) return;
  throw new DecodeError(`${what}: expected a format of 1.x, found ${JSON.stringify(format) ?? "none"}`);
}
