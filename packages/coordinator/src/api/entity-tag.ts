import type { SnapshotVersion } from "@shunt/core";

/** A version of the configuration as an entity tag: `"TERM-GENERATION"`. */
export function entityTag({ term, generation }: SnapshotVersion): string {
  return `"${term}-${generation}"`;
}

/** Whether who asks has it already: weak comparison (RFC 9110, section 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, version: SnapshotVersion): boolean {
  const tags = tagsIn(ifNoneMatch ?? "").map((tag) => tag.replace(/^W\//, ""));
  return tags.includes(entityTag(version)) || tags.includes("*");
}

/**
 * What If-Match asks for: strong comparison (RFC 9110, section 13.1.1). `any`: whatever holds. Of several versions it is
 * the one that holds, if that is among them. `none`: nothing that could ever hold.
 */
export function expectedVersion(
  ifMatch: string | undefined,
  current: SnapshotVersion,
): SnapshotVersion | "any" | "none" {
  if (ifMatch === undefined) return "any";
  const tags = tagsIn(ifMatch);
  if (tags.includes("*")) return "any";
  if (tags.includes(entityTag(current))) return current;
  const versions = tags.map(versionIn).filter((version) => version !== undefined);
  return versions[0] ?? "none";
}

function tagsIn(field: string): string[] {
  return field.split(",").map((tag) => tag.trim());
}

function versionIn(tag: string): SnapshotVersion | undefined {
  const [, term, generation] = /^"(\d{1,15})-(\d{1,15})"$/.exec(tag) ?? [];
  return term === undefined ? undefined : { term: Number(term), generation: Number(generation) };
}
