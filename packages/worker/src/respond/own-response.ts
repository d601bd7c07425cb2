import { type Failure, HEAD_FLAG, REFUSALS, type Refusal } from "@shunt/core";
import { dateField } from "./date-field.ts";

/**
 * What a client gets from Shunt itself. The one place that maps a failure or a refusal to octets: a status, why
 * (`Proxy-Status`, RFC 9209), and one sentence.
 */
export function failureResponse(failure: Failure, flags: number, closes: boolean): Buffer {
  const status = failure.status;
  const retry = status === 503 ? "Retry-After: 1\r\n" : "";
  return response(status, `shunt; error=${failure.code}`, failure.text, retry, flags, closes);
}

/** A request that was refused: its connection closes, since where the next one begins is anybody's guess. */
export function refusalResponse(refusal: number, flags: number): Buffer {
  const { rule, status, expected, source } = REFUSALS[refusal] as Refusal;
  const error = status === 500 ? "proxy_internal_error" : "http_request_error";
  const text = `refused by rule ${rule} (${source}): expected ${expected}`;
  return response(status, `shunt; error=${error}; details="${rule}"`, text, "", flags, true);
}

const REASONS: Readonly<Record<number, string>> = Object.freeze({
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  421: "Misdirected Request",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  508: "Loop Detected",
});

function response(
  status: number,
  proxyStatus: string,
  text: string,
  more: string,
  flags: number,
  closes: boolean,
): Buffer {
  const body = `${status} ${REASONS[status]}: ${text}\n`;
  const keptAlive = (flags & HEAD_FLAG.HTTP_1_0) !== 0 ? "Connection: keep-alive\r\n" : "";
  const head =
    `HTTP/1.1 ${status} ${REASONS[status]}\r\n${dateField()}` +
    `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
    `Proxy-Status: ${proxyStatus}\r\nVia: 1.1 shunt\r\n${more}${closes ? "Connection: close\r\n" : keptAlive}\r\n`;
  return Buffer.from((flags & HEAD_FLAG.HEAD_METHOD) !== 0 ? head : head + body);
}
