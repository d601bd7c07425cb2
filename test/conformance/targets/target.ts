import type { Lane } from "../lane.ts";
import type { ProxyUnderTest } from "../play.ts";
import type { Configuration } from "../schema.ts";

/** A proxy that runs, and which leads each lane's clients to the lane's servers. */
export interface RunningProxy extends ProxyUnderTest, AsyncDisposable {}

/** Something that the scenarios can be played against. */
export interface Target {
  readonly name: string;
  /** What it is, with its version; undefined where it is not installed. */
  version(): string | undefined;
  start(config: Configuration, lanes: readonly Lane[]): Promise<RunningProxy>;
}
