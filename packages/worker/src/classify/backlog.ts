/**
 * Octets that wait for a verdict or are being judged, of all clients of an acceptor together: heads, and content that is
 * judged with its head. When they reach their bound no further head is read, until half of them are done: threads that are
 * slow make clients wait, not memory grow.
 */
export class Backlog {
  octets = 0;
  /** No further head should be read. */
  isFull = false;
  readonly #turned: () => void;

  /** `turned`: it has become full, or is not full any more. */
  constructor(turned: () => void) {
    this.#turned = turned;
  }

  add(octets: number, most: number): void {
    this.octets += octets;
    if (!this.isFull && this.octets >= most) this.#turn(true);
  }

  remove(octets: number, most: number): void {
    this.octets -= octets;
    if (this.isFull && this.octets < most / 2) this.#turn(false);
  }

  #turn(full: boolean): void {
    this.isFull = full;
    this.#turned();
  }
}
