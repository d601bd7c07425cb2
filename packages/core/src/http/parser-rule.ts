import { CR, equalsIgnoringCase, LF } from "./octets.ts";
import { type HeadParser, LLHTTP } from "./parser.ts";
import { REFUSE } from "./refusal.ts";

const CONTENT_LENGTH = Buffer.from("content-length");
const TRANSFER_ENCODING = Buffer.from("transfer-encoding");

/** The rule of REFUSE that fields break which llhttp refused at `at`. `to`: the end of what was parsed. */
export function fieldSectionRule(parser: HeadParser, at: number, to: number): number {
  switch (parser.code) {
    case LLHTTP.USER:
      return REFUSE.FIELDS;
    case LLHTTP.INVALID_CONTENT_LENGTH:
    case LLHTTP.UNEXPECTED_CONTENT_LENGTH:
    case LLHTTP.INVALID_TRANSFER_ENCODING:
      return lengthRule(parser);
    case LLHTTP.CR_EXPECTED:
    case LLHTTP.LF_EXPECTED:
    case LLHTTP.STRICT:
      return REFUSE.LINE_END;
    default:
      return hasBareLf(parser.bytes, at - 1, Math.min(at + 1, to)) ? REFUSE.LINE_END : REFUSE.FIELD_LINE;
  }
}

function hasBareLf(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === LF && bytes[i - 1] !== CR) return true;
  return false;
}

/** llhttp has one number for several offences of these fields; which it was shows in the fields that it has seen. */
function lengthRule(parser: HeadParser): number {
  const lengths = count(parser, CONTENT_LENGTH);
  const codings = count(parser, TRANSFER_ENCODING);
  if (lengths > 0 && codings > 0) return REFUSE.TWO_LENGTHS;
  if (codings > 0) return REFUSE.TRANSFER_ENCODING;
  return lengths > 1 ? REFUSE.CONTENT_LENGTH_REPEATED : REFUSE.CONTENT_LENGTH;
}

function count({ fields, fieldCount, bytes }: HeadParser, lower: Uint8Array): number {
  let found = 0;
  for (let f = 0; f < fieldCount * 4; f += 4)
    if (equalsIgnoringCase(bytes, fields[f] as number, fields[f + 1] as number, lower)) found++;
  return found;
}
