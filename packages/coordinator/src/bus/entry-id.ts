/** Identifiers of the entries of a Redis stream, `MILLISECONDS-NUMBER`. They order as pairs of numbers, not as texts. */

export const BEFORE_ALL = "0-0";

export function isEarlier(id: string, than: string): boolean {
  const [ms, number] = partsOf(id);
  const [thanMs, thanNumber] = partsOf(than);
  return ms === thanMs ? number < thanNumber : ms < thanMs;
}

function partsOf(id: string): readonly [ms: number, number: number] {
  const [ms = "0", number = "0"] = id.split("-");
  return [Number(ms), Number(number)];
}
