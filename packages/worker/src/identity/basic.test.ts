import { describe, expect, test } from "vitest";
import { basicUser } from "./basic.ts";
import type { IdentityRequest } from "./identity.ts";

const withAuthorization = (...values: string[]): IdentityRequest => ({
  header: (name) => (name === "authorization" ? values : []),
  cookie: () => [],
});

const basic = (text: string | Uint8Array): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("basicUser()", () => {
  test("reads the user-id of the example in RFC 7617, section 2", () => {
    expect(basicUser(withAuthorization("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))).toBe("Aladdin");
  });

  test("ends the name at the first colon and lets the password hold more", () => {
    expect(basicUser(withAuthorization(basic("ann:a:b:c")))).toBe("ann");
  });

  test("reads the name as UTF-8", () => {
    expect(basicUser(withAuthorization(basic("Zoë Łukasz 鈴木:£")))).toBe("Zoë Łukasz 鈴木");
  });

  test("tells a name that begins with a byte order mark from the one that does not", () => {
    expect(basicUser(withAuthorization(basic("\ufeffann:x")))).toBe("\ufeffann");
  });

  test("takes the scheme in any case and several spaces after it", () => {
    const credentials = basic("ann:x").slice("Basic ".length);
    expect(basicUser(withAuthorization(`bASIC   ${credentials}`))).toBe("ann");
  });

  test.each([
    ["no Authorization field", withAuthorization()],
    ["two Authorization fields, even of the same user", withAuthorization(basic("ann:x"), basic("ann:x"))],
    ["two credentials in one field", withAuthorization(`${basic("ann:x")}, ${basic("bob:x")}`)],
    ["another scheme", withAuthorization(basic("ann:x").replace("Basic", "Bearer"))],
    ["the scheme alone", withAuthorization("Basic ")],
    ["no colon", withAuthorization(basic("ann"))],
    ["an empty name", withAuthorization(basic(":secret"))],
    ["bytes that are not UTF-8", withAuthorization(basic(Uint8Array.of(0xff, 0x61, 0x3a, 0x62)))],
    ["a line break in the name", withAuthorization(basic("ann\nadmin:x"))],
    ["a NUL in the name", withAuthorization(basic("ann\0:x"))],
    ["a C1 control in the name", withAuthorization(basic("ann\u0085:x"))],
    ["a control character in the password", withAuthorization(basic("ann:\u0007"))],
    ["base64 without its padding", withAuthorization(basic("ann:x").replaceAll("=", ""))],
    ["base64 with stray bits at its end", withAuthorization("Basic YW5uOng4MR==")],
    ["base64 of the URL alphabet", withAuthorization("Basic YW5uOj4_")],
    ["a name of 257 characters", withAuthorization(basic(`${"a".repeat(257)}:x`))],
    ["a field of more than 8,192 characters", withAuthorization(basic(`ann:${"x".repeat(6_200)}`))],
  ])("names nobody for %s", (_, request) => {
    expect(basicUser(request)).toBeUndefined();
  });

  test("takes a name of 256 characters", () => {
    expect(basicUser(withAuthorization(basic(`${"a".repeat(256)}:x`)))).toBe("a".repeat(256));
  });
});
