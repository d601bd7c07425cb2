/** The character of a text at a place, counted from one of its ends. */
export type CodeAt = (text: string, place: number) => number;

export function codeFromStart(text: string, place: number): number {
  return text.charCodeAt(place);
}

export function codeFromEnd(text: string, place: number): number {
  return text.charCodeAt(text.length - 1 - place);
}

/** How many characters at that end all texts have in common. */
export function commonLength(texts: readonly string[], codeAt: CodeAt): number {
  const [some = ""] = texts;
  return texts.reduce((common, text) => {
    let length = 0;
    while (length < common && length < text.length && codeAt(text, length) === codeAt(some, length)) length++;
    return length;
  }, some.length);
}

/**
 * The places, ascending, at which texts have to be looked at to tell those of the same length apart. Hashing these and
 * no others takes a fraction of the time: of `/service-17/`, `/service-42/` and eighty more only two characters
 * matter. (Perfect hash functions are generated so: Schmidt, "GPERF", 1990.)
 * @param texts each once
 */
export function tellingPlaces(texts: readonly string[], codeAt: CodeAt): number[] {
  const places: number[] = [];
  const longest = texts.reduce((most, { length }) => Math.max(most, length), 0);
  let groups = texts.map(({ length }) => length);
  let count = new Set(groups).size;
  for (let place = 0; count < texts.length && place < longest; place++) {
    const codes = texts.map((text) => (place < text.length ? codeAt(text, place) : 0));
    if (codes.every((code) => code === codes[0])) continue;
    const split = new Map<number, number>();
    const finer = groups.map((group, at) => numberOf(split, group * 65_536 + (codes[at] as number)));
    if (split.size === count) continue;
    places.push(place);
    groups = finer;
    count = split.size;
  }
  return places;
}

function numberOf(known: Map<number, number>, key: number): number {
  const number = known.get(key) ?? known.size;
  known.set(key, number);
  return number;
}
