/** A child that lived this long has proved itself: its death counts as the first again. */
export const PROVEN_AFTER_MS = 10_000;

const FIRST_DELAY_MS = 100;
const MOST_DELAY_MS = 5_000;

/**
 * How long to wait before a child is started again, in milliseconds.
 * The first death costs no waiting: somebody's connections stand in the queue. What dies again and again would
 * only burn the machine's time.
 * @param deaths How often it has died in a row without having proved itself in between; from 1.
 */
export function restartDelayMs(deaths: number): number {
  if (deaths <= 1) return 0;
  return Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** (deaths - 2));
}
