import { REFUSE } from "./refusal.ts";

/** The rule that a message breaks. Of several the first that was noted is kept: it is where a reader should look. */
export class Offence {
  /** One of REFUSE. */
  rule: number = REFUSE.NONE;
  /** Offset of what should not be there. */
  at = 0;

  clear(): void {
    this.rule = REFUSE.NONE;
    this.at = 0;
  }

  /** Always false, for whoever returns whether a message may go on. */
  note(rule: number, at: number): false {
    if (this.rule === REFUSE.NONE) {
      this.rule = rule;
      this.at = at;
    }
    return false;
  }
}
