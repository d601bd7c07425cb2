import { describe, expect, test } from "vitest";
import { createIdentifier } from "./identifier.ts";
import type { IdentityRequest } from "./identity.ts";

const request: IdentityRequest = {
  header: (name) => (name === "authorization" ? ["Basic YW5uOng="] : name === "x-user" ? ["bob"] : []),
  cookie: () => [],
};

describe("createIdentifier()", () => {
  test("identifies nobody when no identity is configured", async () => {
    const none = await createIdentifier({ kind: "none" });
    expect(none.costly).toBe(false);
    expect(none.identify(request, true, 0)).toBeUndefined();
  });

  test("reads the Basic name of a stranger, at once", async () => {
    const basic = await createIdentifier({ kind: "basic" });
    expect(basic.costly).toBe(false);
    expect(basic.identify(request, false, 0)).toBe("ann");
  });

  test("reads the configured field, of trusted peers only, at once", async () => {
    const header = await createIdentifier({ kind: "header", name: "x-user" });
    expect(header.costly).toBe(false);
    expect(header.identify(request, true, 0)).toBe("bob");
    expect(header.identify(request, false, 0)).toBeUndefined();
  });

  test("rejects a key that cannot serve, naming the option", async () => {
    const jwt = {
      claim: "sub",
      from: { kind: "bearer" },
      algorithms: ["RS256"],
      key: { kind: "secret", value: "s" },
      issuer: undefined,
      audience: undefined,
      clockToleranceSeconds: 0,
    } as const;
    await expect(createIdentifier({ kind: "jwt", jwt })).rejects.toThrow("identity.jwt.key");
  });
});
