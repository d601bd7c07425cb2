/** What slow clients do. heads: never finish a head. bodies: never finish content. readers: never read their answer. */
export const KINDS = ["heads", "bodies", "readers"] as const;
export type Kind = (typeof KINDS)[number];

/** What became of the clients of a kind. */
export interface Tally {
  /** Connections that were opened. */
  opened: number;
  /** Those that were told something (a status) before the end, and those that were cut without a word. */
  answered: number;
  cut: number;
}

export type Tallies = Readonly<Record<Kind, Tally>>;

/** From the process of the slow clients, every second. */
export interface SlowReport {
  readonly tallies: Tallies;
}
