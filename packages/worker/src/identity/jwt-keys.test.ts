import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { JwtAlgorithm, ResolvedJwt } from "@shunt/core";
import { describe, expect, test } from "vitest";
import { loadKeys } from "./jwt-keys.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const shortRsa = generateKeyPairSync("rsa", { modulusLength: 1_024 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const ed25519 = generateKeyPairSync("ed25519");

const ALL: JwtAlgorithm[] = ["HS256", "RS256", "ES256", "EdDSA"];

function load(
  kind: ResolvedJwt["key"]["kind"],
  value: string,
  algorithms = ALL,
): ReturnType<typeof loadKeys> {
  return loadKeys({
    claim: "sub",
    from: { kind: "bearer" },
    algorithms,
    key: { kind, value },
    issuer: undefined,
    audience: undefined,
    clockToleranceSeconds: 0,
  });
}

const pem = (key: KeyObject, type: "spki" | "pkcs1" = "spki"): string =>
  key.export({ type, format: "pem" }).toString();

const jwk = (key: KeyObject, more: object = {}): object => ({ ...key.export({ format: "jwk" }), ...more });

const set = (...keys: object[]): string => JSON.stringify({ keys });

describe("loadKeys()", () => {
  test("narrows the algorithms to what the key can serve", async () => {
    expect((await load("secret", "s")).algorithms).toEqual(["HS256"]);
    expect((await load("pem", pem(rsa.publicKey))).algorithms).toEqual(["RS256"]);
    expect((await load("pem", pem(p256.publicKey))).algorithms).toEqual(["ES256"]);
    expect((await load("pem", pem(ed25519.publicKey))).algorithms).toEqual(["EdDSA"]);
    const both = set(jwk(ed25519.publicKey), jwk(rsa.publicKey));
    expect((await load("jwks", both)).algorithms).toEqual(["RS256", "EdDSA"]);
    expect((await load("jwks", both, ["EdDSA"])).algorithms).toEqual(["EdDSA"]);
  });

  test("reads a PEM with text around it, and one of PKCS #1", async () => {
    expect((await load("pem", `key of the issuer\n${pem(rsa.publicKey)}\n`)).algorithms).toEqual(["RS256"]);
    expect((await load("pem", pem(rsa.publicKey, "pkcs1"))).algorithms).toEqual(["RS256"]);
  });

  test("leaves alone keys of a set that have another purpose, an unknown kind, or are too short", async () => {
    const keys = set(
      jwk(rsa.publicKey, { use: "enc" }),
      jwk(rsa.publicKey, { alg: "PS256" }),
      jwk(p384.publicKey),
      { kty: "AKP", alg: "ML-DSA-44", pub: "x" },
      { kty: "EC", crv: "P-256", x: "!" },
      jwk(shortRsa.publicKey),
      { kty: "oct", k: "c2VjcmV0" },
      jwk(p256.publicKey, { use: "sig", alg: "ES256" }),
    );
    expect((await load("jwks", keys)).algorithms).toEqual(["ES256"]);
  });

  test.each<[string, ResolvedJwt["key"]["kind"], string, JwtAlgorithm[], string]>([
    ["an empty secret", "secret", "", ALL, "expected a secret, found an empty one"],
    [
      "a secret for RS256",
      "secret",
      "s",
      ["RS256"],
      "one of the algorithms (RS256), found a secret for HS256",
    ],
    ["no algorithm", "secret", "s", [], "one of the algorithms (none), found a secret for HS256"],
    [
      "a public key for HS256",
      "pem",
      pem(rsa.publicKey),
      ["HS256"],
      "one of the algorithms (HS256), found a pem for RS256",
    ],
    ["no PEM", "pem", "hello", ALL, "expected a public key in PEM, found 5 characters"],
    [
      "a private key in PEM",
      "pem",
      rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      ALL,
      "found a private one",
    ],
    ["a curve without algorithm", "pem", pem(p384.publicKey), ALL, "found ec on secp384r1"],
    ["RSA of 1,024 bits", "pem", pem(shortRsa.publicKey), ALL, "bits of RSA, found 1024"],
    ["no JSON", "jwks", "{", ALL, "found 1 characters that are no JSON"],
    [
      "a key instead of a set",
      "jwks",
      JSON.stringify(jwk(rsa.publicKey)),
      ALL,
      "expected a JSON Web Key Set",
    ],
    ["a set of no objects", "jwks", '{"keys":[null]}', ALL, "expected a JSON Web Key Set"],
    ["an empty set", "jwks", set(), ALL, "found a jwks for no known algorithm"],
    ["a set for HS256", "jwks", set(jwk(rsa.publicKey)), ["HS256"], "found a jwks for RS256"],
    ["a private key in a set", "jwks", set(jwk(p256.publicKey), jwk(rsa.privateKey)), ALL, "at keys[1]"],
    [
      "an unreadable key in a set",
      "jwks",
      set({ kty: "EC", crv: "P-256", x: "!" }),
      ALL,
      "no known algorithm",
    ],
    ["RSA of 1,024 bits in a set", "jwks", set(jwk(shortRsa.publicKey)), ALL, "no known algorithm"],
  ])("refuses %s with a sentence that says so", async (_, kind, value, algorithms, sentence) => {
    const loading = load(kind, value, algorithms);
    await expect(loading).rejects.toThrow("Cannot use identity.jwt.key: ");
    await expect(loading).rejects.toThrow(sentence);
  });

  test("never quotes the key in its sentence", async () => {
    await expect(load("jwks", "top secret")).rejects.not.toThrow("top secret");
    await expect(load("pem", "top secret")).rejects.not.toThrow("top secret");
  });
});
