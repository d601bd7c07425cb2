/**
 * What a path costs that was made to have many readings, or long ones, beside a plain one of the same length: as rules
 * see it, and as others may. Run with `node packages/core/src/http/path-readings.bench.ts`.
 */
import { pathForMatching } from "./path.ts";
import { pathReadings } from "./path-readings.ts";

const ROUNDS = 9;
const PATHS = 200;

const PLAIN = "abcdefg/";
const HOSTILE = ["..;/", ";/", "[|^", "%2f%5c%252f..;x//%3f", "../", "%2541/./", "%252f", "%5c%2f", "a%3f;"];

/** Microseconds for one, of the best of several rounds: what is worse is the machine. */
function microseconds(once: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < PATHS; i++) once();
    best = Math.min(best, Number(process.hrtime.bigint() - began) / PATHS / 1_000);
  }
  return best;
}

for (const bytes of [200, 2_000, 16_000]) {
  console.log(`paths of ${bytes} octets`);
  for (const piece of [PLAIN, ...HOSTILE]) {
    const path = `${piece === PLAIN ? "" : "/."}/${piece.repeat(bytes / piece.length)}`;
    const usual = microseconds(() => pathForMatching(path)).toFixed(1);
    const all = microseconds(() => pathReadings(path)).toFixed(1);
    const count = pathReadings(path)?.length ?? "too many";
    console.log(`  ${piece.padEnd(20)} usual ${usual} us, all readings (${count}) ${all} us`);
  }
}
