import { FIELD, type ResponseHead } from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";

/** The one Upgrade field of a request that asks for an upgrade, as it was sent. */
const UPGRADE_LINE = /\r\nupgrade:([^\r]*)/i;

/**
 * Whether a 101 switches to what the request asked for (RFC 9110 sections 7.8 and 15.2.2): it names at least one
 * protocol, and none that the client did not offer. Versions are not compared: a server may answer `foo/2` with `foo`.
 * A 101 of HTTP/1.0 agrees to nothing, since that version knows no upgrade.
 */
export function agreesToAsked(exchange: Exchange, head: ResponseHead): boolean {
  const agreed = protocolsIn(head.lines.valuesOf(FIELD.UPGRADE).join());
  if (head.http10 || agreed.length === 0) return false;
  const line = UPGRADE_LINE.exec(Buffer.from(exchange.requestHead).latin1Slice());
  const asked = protocolsIn(line?.[1] ?? "");
  return agreed.every((protocol) => asked.includes(protocol));
}

/** Names of the protocols in a list, in lower case, without their versions. */
function protocolsIn(list: string): string[] {
  const names = list.split(",").map((protocol) => protocol.replace(/\/.*/s, "").trim().toLowerCase());
  return names.filter((name) => name !== "");
}
