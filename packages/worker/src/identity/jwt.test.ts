import { createHmac } from "node:crypto";
import type { JwtAlgorithm, ResolvedJwt } from "@shunt/core";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { createIdentifier } from "./identifier.ts";
import type { Identifier, IdentityRequest } from "./identity.ts";
import { JwtVerifier } from "./jwt.ts";
import { loadKeys } from "./jwt-keys.ts";

const NOW = 1_800_000_000;
const SECRET = "correct horse battery staple, thirty-two";
const PUBLIC_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;
type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number];

interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

const pairs = {} as Record<PublicKeyAlgorithm | "stranger", KeyPair>;

beforeAll(async () => {
  for (const algorithm of PUBLIC_KEY_ALGORITHMS) {
    pairs[algorithm] = await generateKeyPair(algorithm, { extractable: true });
  }
  pairs.stranger = await generateKeyPair("RS256", { extractable: true });
});

const secretKey = (text = SECRET): Uint8Array => new TextEncoder().encode(text);

function sign(
  key: CryptoKey | Uint8Array,
  alg: JwtAlgorithm,
  claims: JWTPayload = {},
  header: { kid?: string } = {},
): Promise<string> {
  const payload = { sub: "ann", exp: NOW + 60, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key);
}

function config(change: Partial<ResolvedJwt> = {}): ResolvedJwt {
  return {
    claim: "sub",
    from: { kind: "bearer" },
    algorithms: ["HS256"],
    key: { kind: "secret", value: SECRET },
    issuer: undefined,
    audience: undefined,
    clockToleranceSeconds: 0,
    ...change,
  };
}

const identifier = (change: Partial<ResolvedJwt> = {}): Promise<Identifier> =>
  createIdentifier({ kind: "jwt", jwt: config(change) });

const verifier = async (change: Partial<ResolvedJwt> = {}): Promise<JwtVerifier> =>
  new JwtVerifier(config(change), await loadKeys(config(change)));

const withAuthorization = (...values: string[]): IdentityRequest => ({
  header: (name) => (name === "authorization" ? values : []),
  cookie: () => [],
});

const bearer = (token: string): IdentityRequest => withAuthorization(`Bearer ${token}`);

/** The user found for a token by an identifier that has never met it. */
async function userOf(
  token: string,
  change: Partial<ResolvedJwt> = {},
  now = NOW,
): Promise<string | undefined> {
  return (await identifier(change)).identify(bearer(token), false, now);
}

async function pem(algorithm: PublicKeyAlgorithm): Promise<ResolvedJwt["key"]> {
  return { kind: "pem", value: await exportSPKI(pairs[algorithm].publicKey) };
}

async function jwks(...members: [key: CryptoKey, kid?: string][]): Promise<ResolvedJwt["key"]> {
  const keys = members.map(async ([key, kid]) => ({ ...(await exportJWK(key)), ...(kid ? { kid } : {}) }));
  return { kind: "jwks", value: JSON.stringify({ keys: await Promise.all(keys) }) };
}

/** A token put together by hand, for what SignJWT would refuse to make. */
const segment = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signs as a forger does who holds `key` and cares for no rule. */
function hmac(signed: string, key: string): string {
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

describe("Identifier of JWTs", () => {
  test("is costly", async () => {
    expect((await identifier()).costly).toBe(true);
  });

  test("names the user of a token signed with the shared secret", async () => {
    expect(await userOf(await sign(secretKey(), "HS256"))).toBe("ann");
  });

  test.each(PUBLIC_KEY_ALGORITHMS)("verifies %s by a key in PEM", async (algorithm) => {
    const change = { algorithms: [algorithm], key: await pem(algorithm) };
    expect(await userOf(await sign(pairs[algorithm].privateKey, algorithm), change)).toBe("ann");
  });

  test.each(PUBLIC_KEY_ALGORITHMS)("verifies %s by a key set", async (algorithm) => {
    const key = await jwks([pairs[algorithm].publicKey, "k1"]);
    const token = await sign(pairs[algorithm].privateKey, algorithm, {}, { kid: "k1" });
    expect(await userOf(token, { algorithms: [algorithm], key })).toBe("ann");
  });

  test("takes the token from the named cookie, and not from the Authorization field then", async () => {
    const token = await sign(secretKey(), "HS256");
    const jwt = await identifier({ from: { kind: "cookie", name: "session" } });
    const request = (...cookies: string[]): IdentityRequest => ({
      header: () => [],
      cookie: (name) => (name === "session" ? cookies : []),
    });
    expect(await jwt.identify(request(token), false, NOW)).toBe("ann");
    expect(await jwt.identify(request(token, token), false, NOW)).toBeUndefined();
    expect(await jwt.identify(bearer(token), false, NOW)).toBeUndefined();
  });

  test("reads the claim that is configured", async () => {
    const token = await sign(secretKey(), "HS256", { "https://example.org/login": "bob" });
    expect(await userOf(token, { claim: "https://example.org/login" })).toBe("bob");
  });

  test.each([
    ["missing", undefined],
    ["empty", ""],
    ["a number", 42],
    ["a list", ["ann"]],
    ["257 characters long", "a".repeat(257)],
    ["broken by a line feed", "ann\nadmin"],
  ])("names nobody when the claim is %s", async (_, login) => {
    expect(await userOf(await sign(secretKey(), "HS256", { login }), { claim: "login" })).toBeUndefined();
  });

  test("names nobody by a claim that every object inherits", async () => {
    expect(await userOf(await sign(secretKey(), "HS256"), { claim: "constructor" })).toBeUndefined();
  });

  test.each([
    ["no field", []],
    ["two fields with the same token", ["Bearer T", "Bearer T"]],
    ["two tokens in one field", ["Bearer T, Bearer T"]],
    ["another scheme", ["Basic T"]],
    ["a token without a scheme", ["T"]],
  ])("names nobody for %s", async (_, values) => {
    const token = await sign(secretKey(), "HS256");
    const request = withAuthorization(...values.map((value) => value.replaceAll("T", token)));
    expect(await (await identifier()).identify(request, false, NOW)).toBeUndefined();
  });
});

describe("Identifier of JWTs, time", () => {
  test("takes a token until the second before exp, and no longer", async () => {
    const token = await sign(secretKey(), "HS256", { exp: NOW });
    expect(await userOf(token, {}, NOW - 1)).toBe("ann");
    expect(await userOf(token, {}, NOW)).toBeUndefined();
  });

  test("refuses a token before nbf and takes it from there on", async () => {
    const token = await sign(secretKey(), "HS256", { nbf: NOW });
    expect(await userOf(token, {}, NOW - 1)).toBeUndefined();
    expect(await userOf(token, {}, NOW)).toBe("ann");
  });

  test("widens both ends by the tolerance", async () => {
    const token = await sign(secretKey(), "HS256", { nbf: NOW, exp: NOW + 10 });
    const at = (now: number): Promise<string | undefined> => userOf(token, { clockToleranceSeconds: 5 }, now);
    expect(await Promise.all([NOW - 6, NOW - 5, NOW + 14, NOW + 15].map(at))).toEqual([
      undefined,
      "ann",
      "ann",
      undefined,
    ]);
  });

  test.each([["exp"], ["nbf"]])("refuses %s that is not a number", async (claim) => {
    const header = segment({ alg: "HS256" });
    const payload = segment({ sub: "ann", [claim]: "1900000000" });
    expect(await userOf(hmac(`${header}.${payload}`, SECRET))).toBeUndefined();
  });

  test("takes a token without exp, which its issuer lets live for ever", async () => {
    const signed = `${segment({ alg: "HS256" })}.${segment({ sub: "ann" })}`;
    expect(await userOf(hmac(signed, SECRET))).toBe("ann");
  });
});

describe("Identifier of JWTs, issuer and audience", () => {
  const change = { issuer: "https://issuer.example", audience: "shop" };

  test.each([
    ["both are right", { iss: "https://issuer.example", aud: "shop" }, "ann"],
    ["the audience is one of several", { iss: "https://issuer.example", aud: ["mail", "shop"] }, "ann"],
    ["the issuer is another", { iss: "https://issuer.example.evil", aud: "shop" }, undefined],
    ["the audience is another", { iss: "https://issuer.example", aud: "mail" }, undefined],
    ["the issuer is missing", { aud: "shop" }, undefined],
    ["the audience is missing", { iss: "https://issuer.example" }, undefined],
  ])("answers rightly when %s", async (_, claims, expected) => {
    expect(await userOf(await sign(secretKey(), "HS256", claims), change)).toBe(expected);
  });
});

describe("Identifier of JWTs, forgeries", () => {
  const forgedHeader = segment({ alg: "HS256", typ: "JWT" });
  const forgedPayload = segment({ sub: "ann", exp: NOW + 60 });

  test.each(["HS256 and RS256", "RS256 alone"])(
    "does not take the RSA public key's text for an HS256 secret when %s are configured",
    async (configured) => {
      const key = await pem("RS256");
      const algorithms: JwtAlgorithm[] = configured === "RS256 alone" ? ["RS256"] : ["HS256", "RS256"];
      const jwt = await identifier({ algorithms, key });
      for (const text of [key.value, key.value.trim(), `${key.value.trim()}\n`]) {
        const token = hmac(`${forgedHeader}.${forgedPayload}`, text);
        expect(await jwt.identify(bearer(token), false, NOW)).toBeUndefined();
      }
    },
  );

  test("does not take the text or the modulus of a key set for an HS256 secret", async () => {
    const key = await jwks([pairs.RS256.publicKey]);
    const modulus = JSON.parse(key.value).keys[0].n as string;
    for (const text of [key.value, modulus]) {
      const token = hmac(`${forgedHeader}.${forgedPayload}`, text);
      expect(await userOf(token, { algorithms: ["HS256", "RS256"], key })).toBeUndefined();
    }
  });

  test.each(["none", "None", "NONE", ""])(
    "refuses the algorithm %j, with a signature and without",
    async (alg) => {
      const signed = `${segment({ alg })}.${forgedPayload}`;
      expect(await userOf(`${signed}.`)).toBeUndefined();
      expect(await userOf(hmac(signed, SECRET))).toBeUndefined();
      expect(await userOf(new UnsecuredJWT({ sub: "ann" }).encode())).toBeUndefined();
    },
  );

  test("refuses a right signature of an algorithm that is not configured", async () => {
    const key = await jwks([pairs.RS256.publicKey], [pairs.ES256.publicKey]);
    const token = await sign(pairs.ES256.privateKey, "ES256");
    expect(await userOf(token, { algorithms: ["RS256"], key })).toBeUndefined();
    expect(await userOf(token, { algorithms: ["RS256", "ES256"], key })).toBe("ann");
  });

  test("refuses the signature of a stranger", async () => {
    const token = await sign(pairs.stranger.privateKey, "RS256");
    expect(await userOf(token, { algorithms: ["RS256"], key: await pem("RS256") })).toBeUndefined();
  });

  test("refuses a key that the token brings along", async () => {
    const jwk = await exportJWK(pairs.stranger.publicKey);
    const token = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: "RS256", jwk })
      .sign(pairs.stranger.privateKey);
    expect(await userOf(token, { algorithms: ["RS256"], key: await pem("RS256") })).toBeUndefined();
    const set = await jwks([pairs.RS256.publicKey]);
    expect(await userOf(token, { algorithms: ["RS256"], key: set })).toBeUndefined();
  });

  test("refuses a payload changed after it was signed", async () => {
    const [header, , signature] = (await sign(secretKey(), "HS256")).split(".");
    const payload = segment({ sub: "bob", exp: NOW + 60 });
    expect(await userOf(`${header}.${payload}.${signature}`)).toBeUndefined();
  });

  test("refuses a critical extension that it does not know", async () => {
    const signed = `${segment({ alg: "HS256", crit: ["x"], x: 1 })}.${forgedPayload}`;
    expect(await userOf(hmac(signed, SECRET))).toBeUndefined();
  });

  test("names nobody, without a promise, for what has not the form of a token", async () => {
    const jwt = await identifier();
    for (const garbage of ["x", "a.b", "a.b.", "a..c", "a.b.c.d", "a.b.c=", "a/b.c.d", "..", "a.b.c.d.e"]) {
      expect(jwt.identify(bearer(garbage), false, NOW)).toBeUndefined();
    }
  });

  test.each(["a.b.c", `${segment([])}.${segment({})}.eA`, `${segment({ alg: 7 })}.${segment(1)}.eA`])(
    "names nobody, and does not reject, for %j",
    async (garbage) => {
      expect(await userOf(garbage)).toBeUndefined();
    },
  );
});

describe("Identifier of JWTs, key sets", () => {
  test("selects the key by kid", async () => {
    const key = await jwks([pairs.stranger.publicKey, "old"], [pairs.RS256.publicKey, "new"]);
    const change = { algorithms: ["RS256" as const], key };
    const token = (kid: string): Promise<string> => sign(pairs.RS256.privateKey, "RS256", {}, { kid });
    expect(await userOf(await token("new"), change)).toBe("ann");
    expect(await userOf(await token("old"), change)).toBeUndefined();
    expect(await userOf(await token("unknown"), change)).toBeUndefined();
  });

  test("tries each key of the algorithm for a token without kid", async () => {
    const key = await jwks([pairs.stranger.publicKey, "old"], [pairs.RS256.publicKey, "new"]);
    const change = { algorithms: ["RS256" as const], key };
    expect(await userOf(await sign(pairs.RS256.privateKey, "RS256"), change)).toBe("ann");
    expect(await userOf(await sign(pairs.stranger.privateKey, "RS256"), change)).toBe("ann");
    const expired = await sign(pairs.RS256.privateKey, "RS256", { exp: NOW - 1 });
    expect(await userOf(expired, change)).toBeUndefined();
    const { privateKey } = await generateKeyPair("RS256");
    expect(await userOf(await sign(privateKey, "RS256"), change)).toBeUndefined();
  });
});

describe("Identifier of JWTs, odd key sets", () => {
  test("is not put off by a key that is too short to be used", async () => {
    const short = await crypto.subtle.generateKey(
      {
        name: "RSASSA-PKCS1-v1_5",
        hash: "SHA-256",
        modulusLength: 1_024,
        publicExponent: Uint8Array.of(1, 0, 1),
      },
      true,
      ["sign", "verify"],
    );
    const key = await jwks([short.publicKey], [pairs.RS256.publicKey], [pairs.stranger.publicKey]);
    const change = { algorithms: ["RS256" as const], key };
    expect(await userOf(await sign(pairs.RS256.privateKey, "RS256"), change)).toBe("ann");
  });

  test("tries a token without kid with 32 keys, and finds any by kid", async () => {
    const strangers = Array.from({ length: 32 }, () => generateKeyPair("EdDSA", { extractable: true }));
    const members = (await Promise.all(strangers)).map(({ publicKey }): [CryptoKey] => [publicKey]);
    const set = (length: number): Promise<ResolvedJwt["key"]> =>
      jwks(...members.slice(0, length), [pairs.EdDSA.publicKey, "last"]);
    const token = await sign(pairs.EdDSA.privateKey, "EdDSA");
    const algorithms = ["EdDSA" as const];
    expect(await userOf(token, { algorithms, key: await set(31) })).toBe("ann");
    expect(await userOf(token, { algorithms, key: await set(32) })).toBeUndefined();
    const named = await sign(pairs.EdDSA.privateKey, "EdDSA", {}, { kid: "last" });
    expect(await userOf(named, { algorithms, key: await set(32) })).toBe("ann");
  });
});

describe("JwtVerifier", () => {
  test("answers the second time without a promise", async () => {
    const jwt = await verifier();
    const token = await sign(secretKey(), "HS256");
    const first = jwt.userOf(token, NOW);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toBe("ann");
    expect(jwt.userOf(token, NOW + 59)).toBe("ann");
  });

  test("forgets a good token when it expires", async () => {
    const jwt = await verifier();
    const token = await sign(secretKey(), "HS256");
    expect(await jwt.userOf(token, NOW)).toBe("ann");
    expect(await jwt.userOf(token, NOW + 60)).toBeUndefined();
  });

  test("does not take a remembered token before its nbf when the clock is set back", async () => {
    const jwt = await verifier();
    const token = await sign(secretKey(), "HS256", { nbf: NOW });
    expect(await jwt.userOf(token, NOW)).toBe("ann");
    expect(await jwt.userOf(token, NOW - 1)).toBeUndefined();
  });

  test("remembers a bad token for five seconds", async () => {
    const jwt = await verifier();
    const token = await sign(secretKey("another secret"), "HS256");
    expect(await jwt.userOf(token, NOW)).toBeUndefined();
    expect(jwt.userOf(token, NOW + 4)).toBeUndefined();
    expect(jwt.userOf(token, NOW + 5)).toBeInstanceOf(Promise);
  });

  test("takes a token that came too early as soon as its time begins", async () => {
    const jwt = await verifier({ clockToleranceSeconds: 1 });
    const token = await sign(secretKey(), "HS256", { nbf: NOW + 3 });
    expect(await jwt.userOf(token, NOW)).toBeUndefined();
    expect(jwt.userOf(token, NOW + 1)).toBeUndefined();
    expect(await jwt.userOf(token, NOW + 2)).toBe("ann");
  });

  test("keeps a good token through a flood of bad ones, and bounds what it keeps of them", async () => {
    const jwt = await verifier();
    const good = await sign(secretKey(), "HS256");
    await jwt.userOf(good, NOW);
    for (let n = 0; n < 5_000; n++) await jwt.userOf(`${segment({ alg: "HS256", n })}.e30.eA`, NOW);
    expect(jwt.userOf(good, NOW)).toBe("ann");
    expect(jwt.remembered).toEqual({ verified: 1, refused: expect.any(Number) });
    expect(jwt.remembered.refused).toBeLessThanOrEqual(1_024);
  });

  test("bounds the good tokens that it keeps", async () => {
    const jwt = await verifier();
    for (let n = 0; n < 5_000; n++) await jwt.userOf(await sign(secretKey(), "HS256", { n }), NOW);
    expect(jwt.remembered.verified).toBeLessThanOrEqual(4_096);
    expect(jwt.remembered.verified).toBeGreaterThan(2_048);
  });

  test("neither verifies nor remembers a right token of more than 8,192 characters", async () => {
    const jwt = await verifier();
    const pad = (length: number): Promise<string> => sign(secretKey(), "HS256", { pad: "x".repeat(length) });
    expect(jwt.userOf(await pad(8_192), NOW)).toBeUndefined();
    expect(jwt.remembered).toEqual({ verified: 0, refused: 0 });
    expect(await jwt.userOf(await pad(5_000), NOW)).toBe("ann");
  });
});
