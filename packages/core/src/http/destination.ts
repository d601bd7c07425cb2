import type { Leniency } from "../config/resolved.ts";
import { isAuthority } from "./authority.ts";
import { METHOD } from "./methods.ts";
import {
  ASTERISK,
  AT,
  COLON,
  EIGHT,
  equalsIgnoringCase,
  HASH,
  QUESTION,
  SLASH,
  sameIgnoringCase,
  ZERO,
} from "./octets.ts";
import type { Offence } from "./offence.ts";
import { REFUSE } from "./refusal.ts";
import type { RequestLine } from "./request-line.ts";
import { TargetOctets } from "./target-octets.ts";

const HTTP_SCHEME = Buffer.from("http://");

/**
 * Where a request wants to go: its target, of the forms that a reverse proxy takes, and the authority that Host or the
 * target names (RFC 9112 sections 3.2 and 3.3). Both say the same, or the request is refused: a server that believes
 * the other one would answer for another site. Where that is let through, the target counts and Host is replaced.
 */
export class Destination {
  /** The target in origin-form, as it is sent; empty when there was an authority alone. */
  targetAt = 0;
  targetLength = 0;
  /** Host and port as the client named them; length 0 when it named none (HTTP/1.0). */
  authorityAt = 0;
  authorityLength = 0;
  /** Octets before `targetAt` that are not sent: scheme and authority of the absolute-form. */
  leadLength = 0;
  /** Host fields. */
  hosts = 0;
  /** Host says another authority than the target, and does not count: leniency.hostDiffers. */
  overridesHost = false;
  readonly #bytes: Buffer;
  readonly #offence: Offence;
  readonly #octets: TargetOctets;
  readonly #leniency: Leniency;

  constructor(bytes: Buffer, offence: Offence, leniency: Leniency) {
    this.#bytes = bytes;
    this.#offence = offence;
    this.#leniency = leniency;
    this.#octets = new TargetOctets(bytes, offence, leniency);
  }

  clear(): void {
    this.targetLength = 0;
    this.authorityLength = 0;
    this.leadLength = 0;
    this.hosts = 0;
    this.overridesHost = false;
    this.#octets.clear();
  }

  takeTarget(at: number, length: number): void {
    this.targetAt = at;
    this.targetLength = length;
  }

  takeHost(at: number, length: number): void {
    this.hosts++;
    this.authorityAt = at;
    this.authorityLength = length;
  }

  /** The authority of the target is all there is of it: its path is empty. */
  get hasEmptyPath(): boolean {
    return this.leadLength > 0 && (this.targetLength === 0 || this.#bytes[this.targetAt] === QUESTION);
  }

  /** Another reader may read another path; see path-readings.ts. */
  get hasReadings(): boolean {
    return this.#octets.hasReadings;
  }

  /** Whether target and Host, all taken, name one place. `start`: where the head begins. */
  isPlain(line: RequestLine, start: number): boolean {
    return this.#isTarget(line.method, start) && this.#isHost(line.http10, start);
  }

  #isTarget(method: number, start: number): boolean {
    const bytes = this.#bytes;
    const { targetAt } = this;
    const end = targetAt + this.targetLength;
    if (method === METHOD.CONNECT) return this.#offence.note(REFUSE.CONNECT, start);
    if (bytes[targetAt] === ASTERISK && this.targetLength === 1 && method === METHOD.OPTIONS) return true;
    if (bytes[targetAt] !== SLASH && !this.#isAbsoluteForm(end)) return false;
    return this.#octets.areAllowed(this.targetAt, end);
  }

  /** The authority of the target counts; Host must say the same, so that no server can see another one. */
  #isAbsoluteForm(end: number): boolean {
    const bytes = this.#bytes;
    const at = this.targetAt;
    if (!equalsIgnoringCase(bytes, at, HTTP_SCHEME.length, HTTP_SCHEME))
      return this.#offence.note(REFUSE.TARGET, at);
    const authority = at + HTTP_SCHEME.length;
    let path = authority;
    while (path < end && bytes[path] !== SLASH && bytes[path] !== QUESTION) {
      if (bytes[path] === AT || bytes[path] === HASH) return this.#offence.note(REFUSE.TARGET, path);
      path++;
    }
    this.overridesHost = this.hosts === 1 && !this.#isAuthority(authority, path - authority);
    if (this.overridesHost && !this.#leniency.hostDiffers)
      return this.#offence.note(REFUSE.HOST_DIFFERS, authority);
    this.leadLength = path - at;
    this.targetAt = path;
    this.targetLength = end - path;
    this.authorityAt = authority;
    this.authorityLength = path - authority;
    return true;
  }

  /** Whether Host names the same place: a port that is empty or the scheme's own says nothing (RFC 9110 section 4.2.3). */
  #isAuthority(at: number, length: number): boolean {
    const bytes = this.#bytes;
    const significant = withoutDefaultPort(bytes, at, length);
    return (
      significant === withoutDefaultPort(bytes, this.authorityAt, this.authorityLength) &&
      sameIgnoringCase(bytes, at, this.authorityAt, significant)
    );
  }

  #isHost(http10: boolean, start: number): boolean {
    const { hosts, authorityAt } = this;
    if (hosts > 1) return this.#offence.note(REFUSE.HOST_REPEATED, authorityAt);
    if (hosts === 0 && !http10) return this.#offence.note(REFUSE.HOST_MISSING, start);
    if (hosts === 0 && this.leadLength === 0) return true;
    return (
      isAuthority(this.#bytes, authorityAt, authorityAt + this.authorityLength) ||
      this.#offence.note(REFUSE.HOST_VALUE, authorityAt)
    );
  }
}

/** Length of an authority without `:80`, or `:`, at its end. */
function withoutDefaultPort(bytes: Buffer, at: number, length: number): number {
  const end = at + length;
  if (length > 0 && bytes[end - 1] === COLON) return length - 1;
  const hasPort =
    length > 2 && bytes[end - 1] === ZERO && bytes[end - 2] === EIGHT && bytes[end - 3] === COLON;
  return hasPort ? length - 3 : length;
}
