import { describe, expect, test } from "vitest";
import type { IdentityRequest } from "./identity.ts";
import { trustedHeaderUser } from "./trusted-header.ts";

const withUser = (...values: string[]): IdentityRequest => ({
  header: (name) => (name === "x-user" ? values : []),
  cookie: () => ["eve"],
});

describe("trustedHeaderUser()", () => {
  test("believes a trusted peer", () => {
    expect(trustedHeaderUser(withUser("ann"), "x-user", true)).toBe("ann");
  });

  test("does not believe a stranger who sends the same field", () => {
    expect(trustedHeaderUser(withUser("ann"), "x-user", false)).toBeUndefined();
  });

  test.each([
    ["the field is missing", withUser()],
    ["the field is empty", withUser("")],
    ["the field comes twice", withUser("ann", "bob")],
    ["the name holds a tab", withUser("ann\tadmin")],
    ["the name has 257 characters", withUser("a".repeat(257))],
  ])("names nobody when %s", (_, request) => {
    expect(trustedHeaderUser(request, "x-user", true)).toBeUndefined();
  });
});
