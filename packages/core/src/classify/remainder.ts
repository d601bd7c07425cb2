import { All, type CompiledCondition } from "./condition.ts";
import type { Key } from "./keys.ts";

/**
 * What is left to be tested of a condition when a request meets one of its keys; undefined: nothing, it holds. Where
 * it is not certain that the key says it all, that is the whole condition.
 */
export function remainder(condition: CompiledCondition, key: Key): CompiledCondition | undefined {
  switch (condition.kind) {
    case "test":
      return key.settles === condition ? undefined : condition;
    case "any":
      return condition.of.some((branch) => remainder(branch, key) === undefined) ? undefined : condition;
    case "all":
      return ofAll(condition, key);
    case "not":
      return condition;
  }
}

function ofAll(condition: All, key: Key): CompiledCondition | undefined {
  const left = condition.of.map((part) => remainder(part, key)).filter((part) => part !== undefined);
  const [only] = left;
  if (left.length < 2) return only;
  return left.length === condition.of.length ? condition : new All(left);
}
