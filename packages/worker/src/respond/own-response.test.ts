import { FAILURE, HEAD_FLAG, REFUSALS, REFUSE } from "@shunt/core";
import { expect, test } from "vitest";
import { endOf } from "./ending.ts";
import { failureResponse, refusalResponse } from "./own-response.ts";

/** Status, fields and body of an answer, whose framing must be right. */
function parts(answer: Buffer): { line: string; fields: Record<string, string>; body: string } {
  const [head, ...rest] = answer.toString("latin1").split("\r\n\r\n") as [string, ...string[]];
  const [line, ...fields] = head.split("\r\n") as [string, ...string[]];
  return {
    line,
    fields: Object.fromEntries(fields.map((field) => field.split(": ") as [string, string])),
    body: rest.join("\r\n\r\n"),
  };
}

test.each(Object.values(FAILURE).filter(({ status }) => status !== 499))(
  "failureResponse() says what failed: $code",
  (failure) => {
    const { line, fields, body } = parts(failureResponse(failure, 0, false));
    expect(line).toMatch(new RegExp(`^HTTP/1\\.1 ${failure.status} [A-Z][A-Za-z ]+$`));
    expect(line).not.toContain("undefined");
    expect(fields["Proxy-Status"]).toBe(`shunt; error=${failure.code}`);
    expect(Number(fields["Content-Length"])).toBe(body.length);
    expect(body).toContain(failure.text);
    expect(fields["Retry-After"]).toBe(failure.status === 503 ? "1" : undefined);
    expect(fields.Connection).toBeUndefined();
  },
);

test.each(REFUSALS.map((refusal, number) => ({ ...refusal, number })).slice(1))(
  "refusalResponse() says which rule refused, and closes: $rule",
  ({ number, rule, status }) => {
    const { line, fields, body } = parts(refusalResponse(number, 0));
    expect(line).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z][A-Za-z -]+$`));
    expect(line).not.toContain("undefined");
    expect(fields["Proxy-Status"]).toMatch(new RegExp(`^shunt; error=[a-z_]+; details="${rule}"$`));
    expect(fields.Connection).toBe("close");
    expect(Number(fields["Content-Length"])).toBe(body.length);
  },
);

test("an answer of our own to HEAD has the length that it would have, and no body", () => {
  const [head, get] = [HEAD_FLAG.HEAD_METHOD, 0].map((flags) =>
    parts(failureResponse(FAILURE.DESTINATION_UNAVAILABLE, flags, false)),
  );
  expect(head?.body).toBe("");
  expect(head?.fields["Content-Length"]).toBe(get?.fields["Content-Length"]);
});

test.each([
  [0, true, "close"],
  [0, false, undefined],
  [HEAD_FLAG.HTTP_1_0, false, "keep-alive"],
  [HEAD_FLAG.HTTP_1_0, true, "close"],
])(
  "an answer of our own tells the client what becomes of its connection: flags %i, closes %s",
  (flags, closes, expected) => {
    expect(parts(failureResponse(FAILURE.CONNECTION_REFUSED, flags, closes)).fields.Connection).toBe(
      expected,
    );
  },
);

test("an answer of our own hides no control character in its fields", () => {
  const answer = refusalResponse(REFUSE.FIELD_LINE, 0).toString("latin1");
  expect(answer.replaceAll("\r\n", "").replace(/\n$/, "")).toMatch(/^[\x20-\x7e]*$/);
});

test.each([
  [FAILURE.DESTINATION_UNAVAILABLE, "H", "PQ"],
  [FAILURE.CONNECTION_TIMEOUT, "H", "sC"],
  [FAILURE.CONNECTION_REFUSED, "H", "SC"],
  [FAILURE.DNS_ERROR, "H", "SC"],
  [FAILURE.OUT_OF_SOCKETS, "H", "PC"],
  [FAILURE.CONNECTION_TERMINATED, "H", "SH"],
  [FAILURE.RESPONSE_TIMEOUT, "H", "sH"],
  [FAILURE.RESPONSE_INCOMPLETE, "D", "SD"],
  [FAILURE.BODY_TIMEOUT, "D", "sD"],
  [FAILURE.RESPONSE_MALFORMED, "D", "PD"],
  [FAILURE.RESPONSE_MALFORMED, "H", "PH"],
  [FAILURE.RESPONSE_HEAD_SIZE, "H", "PH"],
] as const)("endOf() says who ended an exchange, and when: $0.code in $1", (failure, phase, expected) => {
  expect(endOf(failure, phase)).toBe(expected);
});
