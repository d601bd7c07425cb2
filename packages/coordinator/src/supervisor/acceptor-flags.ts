/**
 * Flags of V8 for the processes of acceptors (decision 0018). The young generation is 8 MiB at most instead of 32: a
 * pause to collect it is shorter, and V8 has no reason to collect the old one again and again. It is collected on the
 * loop's thread alone: an acceptor has a core of its own, and its threads would take turns with it there, or take
 * another acceptor's. The old one is marked when half of what may be added to it has been, not as soon as the rest of
 * that is less than the young generation, which it often is although nothing is added.
 */
export const ACCEPTOR_FLAGS = Object.freeze([
  "--max-semi-space-size=8",
  "--no-parallel-scavenge",
  "--incremental-marking-soft-trigger=50",
  "--incremental-marking-hard-trigger=80",
]);
