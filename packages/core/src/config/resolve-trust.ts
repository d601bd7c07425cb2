import { canonicalBlock } from "./addresses.ts";
import { COUNTS, NO_LENIENCY } from "./defaults.ts";
import { type Mistake, type Path, quote } from "./mistake.ts";
import { readPart } from "./read-part.ts";
import type { Reading } from "./reading.ts";
import type { Leniency, ResolvedTrust } from "./resolved.ts";
import { leniencySchema, trustSchema } from "./schema.ts";

/** Who is believed, and what is believed from these alone. */
export function resolveTrust(raw: unknown, { mistakes }: Reading): ResolvedTrust {
  const options = readPart(trustSchema, raw, ["trust"], mistakes);
  const peers = options?.peers ?? [];
  const fields = options?.fields ?? [];
  refuseTooMany(peers, COUNTS.trustedPeers, "blocks", ["trust", "peers"], mistakes);
  refuseTooMany(fields, COUNTS.trustFields, "names", ["trust", "fields"], mistakes);
  return {
    peers: peers.map((peer, index) => readPeer(peer, ["trust", "peers", index], mistakes)),
    fields: fields.map((name, index) => readField(name, ["trust", "fields", index], mistakes)),
  };
}

export function resolveLeniency(raw: unknown, { mistakes }: Reading): Leniency {
  const { ambiguousPaths, targetOctets, hostDiffers, repeatedContentLength } =
    readPart(leniencySchema, raw, ["leniency"], mistakes) ?? {};
  return {
    ambiguousPaths: ambiguousPaths ?? NO_LENIENCY.ambiguousPaths,
    targetOctets: targetOctets ?? NO_LENIENCY.targetOctets,
    hostDiffers: hostDiffers ?? NO_LENIENCY.hostDiffers,
    repeatedContentLength: repeatedContentLength ?? NO_LENIENCY.repeatedContentLength,
  };
}

function refuseTooMany(
  list: readonly string[],
  most: number,
  what: string,
  path: Path,
  mistakes: Mistake[],
): void {
  if (list.length > most)
    mistakes.push({ path, problem: `has ${list.length} ${what}`, expected: `at most ${most}` });
}

function readPeer(peer: string, path: Path, mistakes: Mistake[]): string {
  const block = canonicalBlock(peer);
  if (block !== undefined) return block;
  const expected = 'an address or a CIDR block, as in "10.1.0.0/16"';
  mistakes.push({ path, problem: `found ${quote(peer)}`, expected });
  return peer;
}

/** Fields without which no message can be read: whoever sends them is believed, or refused. */
const OF_THE_MESSAGE = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "via",
  "max-forwards",
  "http2-settings",
]);

function readField(name: string, path: Path, mistakes: Mistake[]): string {
  const lower = name.toLowerCase();
  if (OF_THE_MESSAGE.has(lower)) {
    const problem = `${quote(name)} frames or routes the message, whoever sends it`;
    mistakes.push({ path, problem, expected: "a field that says something about the client" });
  }
  return lower;
}
