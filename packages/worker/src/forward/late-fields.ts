import { type DataPlaneConfig, factsRead, type LateNames, lateName, optionNames } from "@shunt/core";
import type { Exchange } from "../track/exchange.ts";

const known = new WeakMap<DataPlaneConfig, ReadonlySet<string>>();

/**
 * Names of the fields that a configuration believes, or that its rules look at: none of them may come late, in a
 * trailer section. Nobody judges those, and a server may merge them into the head (RFC 9110 section 6.5.1).
 */
export function judgedFields(config: DataPlaneConfig): ReadonlySet<string> {
  let names = known.get(config);
  if (names === undefined) {
    const { identity, trust, rules } = config;
    const identified = identity.kind === "header" ? [identity.name] : [];
    names = new Set([...trust.fields, ...identified, ...factsRead(rules).headers].map(lateName));
    known.set(config, names);
  }
  return names;
}

/** Fields that are left out of the trailers of a request: those of its configuration, and those of its connection. */
export function lateFieldsOf({ received, snapshot }: Pick<Exchange, "received" | "snapshot">): LateNames {
  const judged = judgedFields(snapshot.config);
  let named: ReadonlySet<string> | undefined;
  return {
    has: (name) => {
      if (judged.has(name)) return true;
      // Few requests have trailers: the head is looked at when there are some.
      named ??= optionNames(connectionValues(received));
      return named.has(name);
    },
  };
}

const CONNECTION = /\r\nconnection:([^\r]*)/gi;

/** Of a head that was judged: its lines are neither folded nor ended by anything but CR LF. */
function connectionValues(head: Buffer): string[] {
  return Array.from(head.latin1Slice().matchAll(CONNECTION), ([, value = ""]) => value);
}
