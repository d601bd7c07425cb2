import type { ResolvedConfig } from "@shunt/core";

/** Stands where a secret stood. */
export const SECRET = "(secret)";

/** The configuration as it may be shown and remembered: keys, secrets and tokens are not in it. */
export function redacted(config: ResolvedConfig): ResolvedConfig {
  const { admin, identity } = config;
  return {
    ...config,
    admin: { ...admin, tokens: admin.tokens.map((token) => ({ ...token, sha256: SECRET })) },
    identity:
      identity.kind === "jwt"
        ? { ...identity, jwt: { ...identity.jwt, key: { ...identity.jwt.key, value: SECRET } } }
        : identity,
  };
}
