import { type Field, membersOf } from "./message.ts";

/** What a CGI-like server would take for another name is left out with it. */
const NEVER_LATE = new RegExp(
  `^(?:${[
    "x-forwarded-.*|forwarded|x-real-ip|x-request-id|via",
    "connection|keep-alive|proxy-connection|upgrade|http2-settings|te|trailer",
    "authorization|www-authenticate|authentication-info|proxy-auth.*|cookie|set-cookie",
    "expect|max-forwards|cache-control|pragma|range|if-(?:match|none-match|modified-since|unmodified-since|range)",
    "age|date|expires|location|retry-after|vary|content-(?:encoding|type|range)",
  ].join("|")})$`,
);

interface WithTrailers {
  readonly fields: readonly Field[];
  readonly trailers: readonly Field[];
}

/** The trailers of a message that go on (RFC 9110 sections 6.5.1, 7.6.1): the others are left out, and nothing else is. */
export function lateFields({ fields, trailers }: WithTrailers): Field[] {
  const named = new Set(membersOf(fields, "connection").map(folded));
  return trailers.filter(([name]) => !NEVER_LATE.test(folded(name)) && !named.has(folded(name)));
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}
