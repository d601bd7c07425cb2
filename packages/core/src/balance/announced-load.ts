/** "0", "0.73", "1.00": at most four digits behind the point, no sign, no exponent, no space. */
const ANNOUNCED = /^(?:0(?:\.\d{1,4})?|1(?:\.0{1,4})?)$/;
/** Octets of the longest text that is read. */
const LONGEST = 6;

/** How loaded a server says that it is, 0 (idle) to 1 (full); undefined when this is no such number. */
export function parseAnnouncedLoad(text: string): number | undefined {
  return text.length <= LONGEST && ANNOUNCED.test(text) ? Number(text) : undefined;
}
