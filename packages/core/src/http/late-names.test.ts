import { describe, expect, test } from "vitest";
import { DROPPED_LATE, lateName, optionNames, REFUSED_LATE } from "./late-names.ts";

test.each([
  "Cache-Control",
  "Set_Cookie",
  "Content-Type",
  "Range",
  "If-Match",
  "WWW-Authenticate",
  "Authentication-Info",
  "Via",
  "Connection",
  "Max-Forwards",
  "TE",
  "Trailer",
  "X-Forwarded-Anything",
  "x_forwarded_for",
  "Forwarded",
  "X-Real-IP",
  "X-Request_ID",
  "HTTP2-Settings",
  "Location",
])("DROPPED_LATE has %s, and REFUSED_LATE does not", (name) => {
  expect([DROPPED_LATE.has(lateName(name)), REFUSED_LATE.has(lateName(name))]).toEqual([true, false]);
});

test.each(["Server-Timing", "ETag", "grpc-status", "Content-Digest", "X-Forwarded", "Hosts", "X-Via"])(
  "neither list has %s",
  (name) => {
    expect([DROPPED_LATE.has(lateName(name)), REFUSED_LATE.has(lateName(name))]).toEqual([false, false]);
  },
);

describe("optionNames()", () => {
  test("are the members of all values, folded, without whitespace", () => {
    expect([...optionNames(["close,\tX_Hop ", "TE"])]).toEqual(["close", "x-hop", "te"]);
  });

  test("of nothing are none", () => {
    expect([...optionNames([]), ...optionNames(["", " ,, "])]).toEqual([]);
  });
});
