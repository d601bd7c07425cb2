import type { DataPlaneConfig } from "@shunt/core";

const known = new WeakMap<DataPlaneConfig, ReadonlySet<string>>();

/**
 * Names of the fields that are believed by a configuration, underscores as hyphens: none of them may come late, in a
 * trailer section. Nobody judges those, and a server may merge them into the head (RFC 9110 section 6.5.1).
 */
export function believedFields(config: DataPlaneConfig): ReadonlySet<string> {
  let names = known.get(config);
  if (names === undefined) {
    const { identity, trust } = config;
    const believed = identity.kind === "header" ? [...trust.fields, identity.name] : trust.fields;
    names = new Set(believed.map((name) => name.replaceAll("_", "-")));
    known.set(config, names);
  }
  return names;
}
