import { HEAD_FLAG } from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";
import { dateField } from "./date-field.ts";

/** Methods that are answered by some server; any other token is sent on as well. */
const ALLOW = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n";
/** Fields that are not reflected, whoever has sent them: a page could have a browser send them (RFC 9110 section 9.3.8). */
const SENSITIVE = ["authorization", "proxy-authorization", "cookie"];

/**
 * What a client gets whose request may go no further than to us (`Max-Forwards: 0`, RFC 9110 section 7.6.2): of TRACE
 * the message that we have received, of OPTIONS what may be asked.
 */
export function finalRecipientResponse(exchange: Exchange, closes: boolean): Buffer {
  const isOptions = exchange.has(HEAD_FLAG.OPTIONS_METHOD);
  const content = isOptions ? "" : reflected(exchange);
  const says = isOptions ? ALLOW : "Content-Type: message/http\r\n";
  const keptAlive = exchange.has(HEAD_FLAG.HTTP_1_0) ? "Connection: keep-alive\r\n" : "";
  const head =
    `HTTP/1.1 200 OK\r\n${dateField()}${says}Content-Length: ${content.length}\r\nVia: 1.1 shunt\r\n` +
    `${closes ? "Connection: close\r\n" : keptAlive}\r\n`;
  return Buffer.from(head + content, "latin1");
}

function reflected({ received, snapshot: { config } }: Exchange): string {
  const { identity, trust } = config;
  const hidden = new Set([...SENSITIVE, ...trust.fields]);
  if (identity.kind === "header") hidden.add(identity.name);
  const [requestLine, ...lines] = received.latin1Slice().slice(0, -"\r\n\r\n".length).split("\r\n");
  const shown = lines.filter((line) => !hidden.has(line.slice(0, line.indexOf(":")).toLowerCase()));
  return `${[requestLine, ...shown].join("\r\n")}\r\n\r\n`;
}
