/** Who should have how much of a limit. Steady demand divides the same again: nothing moves that need not. */

/** One acceptor, as far as a division depends on it. */
export interface Claimant {
  /** What it has been granted last. */
  readonly share: number;
  /** Requests that it would have outstanding if it could. */
  readonly demand: number;
  /** It ends, and gets nothing that it does not have outstanding now. */
  readonly leaving: boolean;
  /** Since when it has had something, or nothing. */
  readonly since: number;
}

/** Moves of one division. What is not settled by then is by the next one, a tenth of a second later. */
const MOVES_PER_CLAIMANT = 8;

/**
 * The shares of all claimants, in their order; together not above `limit`.
 * @param turnEnds whoever has had something since before this time gives it to one who has had nothing for longer
 */
export function divide(limit: number, claimants: readonly Claimant[], turnEnds: number): number[] {
  const division = new Division(limit, claimants);
  division.lower();
  division.give();
  division.move();
  division.takeTurns(turnEnds);
  division.spread();
  return division.shares;
}

class Division {
  readonly shares: number[];
  readonly #claimants: readonly Claimant[];
  /** What each should not be without: its demand, and at least one where there is one for everybody. */
  readonly #wants: number[];
  #free: number;
  readonly #limit: number;

  constructor(limit: number, claimants: readonly Claimant[]) {
    const staying = claimants.filter(({ leaving }) => !leaving).length;
    const least = staying <= limit ? 1 : 0;
    this.#limit = limit;
    this.#claimants = claimants;
    this.#wants = claimants.map(({ demand, leaving }) =>
      Math.min(limit, leaving ? demand : Math.max(least, demand)),
    );
    this.shares = claimants.map(({ share, leaving }, i) =>
      leaving ? Math.min(share, this.#wants[i] as number) : share,
    );
    this.#free = limit - sum(this.shares);
  }

  /** Brings the shares down to the limit, the largest first. */
  lower(): void {
    if (this.#free >= 0) return;
    lowered(this.shares, this.#limit).forEach((share, i) => {
      this.shares[i] = share;
    });
    this.#free = this.#limit - sum(this.shares);
  }

  /** What nobody has goes to those who want more, the lowest share first. */
  give(): void {
    for (let moves = this.#moves; moves > 0 && this.#free > 0; moves--) {
      const to = this.#neediest();
      if (to < 0) return;
      const part = Math.max(1, Math.floor(this.#free / this.#needy()));
      const given = Math.min(part, this.#need(to));
      this.#free -= given;
      this.#add(to, given);
    }
  }

  /** Whoever wants more gets it from who does not use it, else from who has two more than he. */
  move(): void {
    for (let moves = this.#moves; moves > 0 && this.#free === 0; moves--) {
      const to = this.#neediest();
      if (to < 0) return;
      const idle = this.#largest((i) => this.#share(i) - this.#want(i));
      const spare = idle < 0 ? 0 : this.#share(idle) - this.#want(idle);
      const from = spare > 0 ? idle : this.#largest((i) => this.#share(i));
      const most = spare > 0 ? spare : Math.floor((this.#share(from) - this.#share(to)) / 2);
      if (most < 1) return;
      const part = spare > 0 ? Math.max(1, Math.floor(spare / this.#needy())) : most;
      const moved = Math.min(part, this.#need(to));
      this.#add(from, -moved);
      this.#add(to, moved);
    }
  }

  /** Where there is less than one for each who wants one, they take turns. */
  takeTurns(turnEnds: number): void {
    for (let moves = this.shares.length; moves > 0 && this.#free === 0; moves--) {
      const to = this.#neediest();
      if (to < 0 || this.#share(to) > 0) return;
      const from = this.#longestServed(turnEnds);
      if (from < 0) return;
      this.#add(from, -1);
      this.#add(to, 1);
    }
  }

  /** What nobody wants lies ready for whoever wants it next. */
  spread(): void {
    const staying = this.#claimants.filter(({ leaving }) => !leaving).length;
    for (let moves = this.#moves; moves > 0 && this.#free > 0 && staying > 0; moves--) {
      const to = this.#largest((i) => (this.#claimants[i]?.leaving ? -Infinity : -this.#share(i)));
      const given = Math.max(1, Math.floor(this.#free / staying));
      this.#free -= given;
      this.#add(to, given);
    }
  }

  get #moves(): number {
    return this.shares.length * MOVES_PER_CLAIMANT + MOVES_PER_CLAIMANT;
  }

  /** Of those who want more, who has least, and of equals who has waited longest; -1 is nobody. */
  #neediest(): number {
    let neediest = -1;
    for (let i = 0; i < this.shares.length; i++) {
      if (this.#need(i) <= 0) continue;
      if (neediest < 0 || this.#isNeedier(i, neediest)) neediest = i;
    }
    return neediest;
  }

  #isNeedier(one: number, other: number): boolean {
    const difference = this.#share(one) - this.#share(other);
    return difference < 0 || (difference === 0 && this.#since(one) < this.#since(other));
  }

  #longestServed(before: number): number {
    let longest = -1;
    for (let i = 0; i < this.shares.length; i++) {
      const hasHad = this.#share(i) > 0 && this.#claimants[i]?.share !== 0 && this.#since(i) <= before;
      if (hasHad && (longest < 0 || this.#since(i) < this.#since(longest))) longest = i;
    }
    return longest;
  }

  /** The first of those with the largest measure; -1 when there are no claimants. */
  #largest(measure: (index: number) => number): number {
    let largest = -1;
    for (let i = 0; i < this.shares.length; i++)
      if (largest < 0 || measure(i) > measure(largest)) largest = i;
    return largest;
  }

  #needy(): number {
    let needy = 0;
    for (let i = 0; i < this.shares.length; i++) if (this.#need(i) > 0) needy++;
    return needy;
  }

  #need(index: number): number {
    return this.#want(index) - this.#share(index);
  }

  #want(index: number): number {
    return this.#wants[index] as number;
  }

  #share(index: number): number {
    return this.shares[index] as number;
  }

  #since(index: number): number {
    return (this.#claimants[index] as Claimant).since;
  }

  #add(index: number, amount: number): void {
    this.shares[index] = this.#share(index) + amount;
  }
}

/** The shares as they are; where they add to more than `limit`, cut off at one level. */
export function lowered(shares: readonly number[], limit: number): number[] {
  const level = sum(shares) <= limit ? Number.POSITIVE_INFINITY : levelOf(shares, limit);
  return shares.map((share) => Math.min(share, level));
}

/** The highest level at which what is cut off above it leaves no more than `limit`. */
function levelOf(shares: readonly number[], limit: number): number {
  let low = 0;
  let high = limit;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sum(shares.map((share) => Math.min(share, middle))) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
