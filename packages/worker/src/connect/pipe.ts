import type { Attempt } from "../track/attempt.ts";

/**
 * The attempts that one server connection carries, oldest first. Their responses come in this order and in no other
 * (RFC 9112 section 9.3.2): there is nothing else that tells whose a response is.
 */
export class Pipe {
  /** The one whose response comes, or comes next. */
  first: Attempt | undefined = undefined;
  depth = 0;
  #last: Attempt | undefined = undefined;

  add(attempt: Attempt): void {
    if (this.#last === undefined) this.first = attempt;
    else this.#last.behind = attempt;
    this.#last = attempt;
    this.depth++;
  }

  /** Takes the first off, whose response is complete. */
  shift(): void {
    const { first } = this;
    if (first === undefined) return;
    this.first = first.behind;
    if (this.first === undefined) this.#last = undefined;
    first.behind = undefined;
    this.depth--;
  }

  /** Takes off all that wait behind the first, oldest first. */
  takeBehind(): Attempt[] {
    const { first } = this;
    const taken = first === undefined ? [] : unlinked(first.behind);
    if (first !== undefined) first.behind = undefined;
    this.#last = first;
    this.depth -= taken.length;
    return taken;
  }

  /** Takes off all, oldest first. */
  takeAll(): Attempt[] {
    const taken = unlinked(this.first);
    this.first = undefined;
    this.#last = undefined;
    this.depth = 0;
    return taken;
  }

  /** Somebody still wants an answer. */
  get isWanted(): boolean {
    for (let attempt = this.first; attempt !== undefined; attempt = attempt.behind)
      if (!attempt.unwanted) return true;
    return false;
  }
}

function unlinked(from: Attempt | undefined): Attempt[] {
  const attempts: Attempt[] = [];
  for (let attempt = from; attempt !== undefined; ) {
    const { behind } = attempt;
    attempt.behind = undefined;
    attempts.push(attempt);
    attempt = behind;
  }
  return attempts;
}
