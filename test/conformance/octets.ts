import { z } from "zod";

/** One character is one octet, so text that needs more cannot be meant. */
const text = z.string().regex(/^[\0-\xff]*$/, "expected characters up to \\xff, each of which is one octet");
const repeated = z.strictObject({ repeat: text, times: z.int().min(0).max(10_000_000) });

const piece = z.union([text, repeated]);
type Piece = z.infer<typeof piece>;

export const octets = z.union([piece, z.array(piece)]);
export type Octets = z.infer<typeof octets>;

/** What is known only when a scenario runs: `${client}`, `${server}`, `${proxy}`. */
export type Places = Readonly<Record<"client" | "server" | "proxy", string>>;

/** The octets that are meant. */
export function encode(meant: Octets, places: Places): Buffer {
  const pieces = Array.isArray(meant) ? meant : [meant];
  return Buffer.concat(pieces.map((piece) => encodePiece(piece, places)));
}

function encodePiece(piece: Piece, places: Places): Buffer {
  const [once, times] = typeof piece === "string" ? [piece, 1] : [piece.repeat, piece.times];
  return Buffer.from(insertPlaces(once, places).repeat(times), "latin1");
}

export function insertPlaces(text: string, places: Places): string {
  return text.replace(/\$\{(client|server|proxy)\}/g, (_, name: keyof Places) => places[name]);
}

const SHOWN = 400;

/** As a double-quoted string, shortened in the middle. */
export function show(octets: Buffer | string): string {
  const all = typeof octets === "string" ? octets : octets.toString("latin1");
  const half = SHOWN / 2;
  const shown =
    all.length <= SHOWN
      ? all
      : `${all.slice(0, half)} ... ${all.length - SHOWN} octets ... ${all.slice(-half)}`;
  const escaped = JSON.stringify(shown);
  return escaped.replace(/[\x7f-\xff]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16)}`);
}
