/** The polynomial of Castagnoli, its bits reversed (RFC 9260, appendix A). */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, octet) => {
  let remainder = octet;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** CRC32c of `octets`, taking the four from `blank` on for zeros. Below 2 ** 32. */
export function crc32c(octets: Uint8Array, blank: number = octets.length): number {
  let crc = 0xffffffff;
  for (let i = 0; i < octets.length; i++) {
    const octet = i >= blank && i < blank + 4 ? 0 : (octets[i] as number);
    crc = (crc >>> 8) ^ (TABLE[(crc ^ octet) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
