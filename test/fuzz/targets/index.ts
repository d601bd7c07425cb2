import type { Target } from "../engine/target.ts";
import { Yard } from "../yard/yard.ts";

/** All targets, in the order in which they run. Imported once code is instrumented: so nothing of ours before. */
export async function openTargets(): Promise<Target[]> {
  const yard = await Yard.open();
  const { RequestsTarget } = await import("./requests.ts");
  return [new RequestsTarget(yard)];
}
