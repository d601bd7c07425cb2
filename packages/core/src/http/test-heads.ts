import { NO_LENIENCY } from "../config/defaults.ts";
import type { Leniency } from "../config/resolved.ts";
import { FieldNames } from "./field-names.ts";
import { HEAD, HEAD_FLAG } from "./head-flags.ts";
import { REFUSALS } from "./refusal.ts";
import { RequestHead } from "./request-head.ts";

/** For tests: heads as text, and what came of judging them as text again. */

export const TEST_LIMITS = Object.freeze({ headBytes: 4_096, fields: 32, targetBytes: 1_024 });

/** What a RequestHead found. */
export interface Judged {
  readonly outcome: "incomplete" | "complete" | "refused";
  /** The rule that it breaks; "none". */
  readonly rule: string;
  readonly refusalAt: number;
  /** Names of the flags that are set. */
  readonly flags: readonly string[];
  /** What is forwarded of it, before fields of ours are added. */
  readonly sent: string;
  readonly head: RequestHead;
}

export interface JudgeOptions {
  readonly trusted?: boolean;
  /** By default one for all tests of a file, so that each head also shows that the one before it is forgotten. */
  readonly head?: RequestHead;
}

const names = new FieldNames();
const shared = new RequestHead(names, TEST_LIMITS);

/** Lines and the empty line behind them. */
export function lines(...text: readonly string[]): string {
  return `${text.join("\r\n")}\r\n\r\n`;
}

/** A GET with a Host, and further field lines. */
export function get(...fields: readonly string[]): string {
  return lines("GET / HTTP/1.1", "Host: a.example", ...fields);
}

export function post(...fields: readonly string[]): string {
  return lines("POST / HTTP/1.1", "Host: a.example", ...fields);
}

/** A head with other limits, names or identity; `read` are fields that somebody asks for and nobody decides by. */
export function requestHead(
  limits: Partial<Record<keyof typeof TEST_LIMITS, number>> = {},
  identityHeader?: string,
  read: readonly string[] = [],
): RequestHead {
  const believed = identityHeader === undefined ? [] : [identityHeader];
  const policy = { leniency: NO_LENIENCY, believed, decisive: [] };
  return new RequestHead(new FieldNames([...read, ...believed]), { ...TEST_LIMITS, ...limits }, policy);
}

/** A head for which fields decide. */
export function decidedBy(...decisive: readonly string[]): RequestHead {
  return new RequestHead(new FieldNames(decisive), TEST_LIMITS, {
    leniency: NO_LENIENCY,
    believed: [],
    decisive,
  });
}

/** A head that lets something through. */
export function lenient(leniency: Partial<Leniency>): RequestHead {
  const policy = { leniency: { ...NO_LENIENCY, ...leniency }, believed: [], decisive: [] };
  return new RequestHead(new FieldNames(), TEST_LIMITS, policy);
}

/** Judges the head at the start of a text, each character one octet. */
export function judge(text: string, { trusted = false, head = shared }: JudgeOptions = {}): Judged {
  const octets = Buffer.from(text, "latin1");
  head.load(octets, 0, octets.length);
  const outcome = head.judge(0, octets.length, trusted);
  return {
    outcome: outcome === HEAD.COMPLETE ? "complete" : outcome === HEAD.REFUSED ? "refused" : "incomplete",
    rule: REFUSALS[head.refusal]?.rule ?? "?",
    refusalAt: head.refusalAt,
    flags: namesOf(head.flags),
    sent: outcome === HEAD.COMPLETE ? withoutDrops(octets.subarray(head.start, head.end), head) : "",
    head,
  };
}

function namesOf(flags: number): string[] {
  return Object.entries(HEAD_FLAG).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : []));
}

function withoutDrops(octets: Buffer, { lines, start }: RequestHead): string {
  let text = "";
  let at = 0;
  for (let i = 0; i < lines.dropCount; i++) {
    const drop = (lines.drops[i * 2] as number) - start;
    text += octets.latin1Slice(at, drop);
    at = drop + (lines.drops[i * 2 + 1] as number);
  }
  return text + octets.latin1Slice(at, octets.length);
}
