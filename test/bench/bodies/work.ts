/** What the client is told to do: whole messages over kept connections. */
export interface Work {
  readonly port: number;
  readonly direction: Direction;
  readonly bytes: number;
  readonly messages: number;
  readonly connections: number;
}

/** Content of responses, or of requests. */
export type Direction = "down" | "up";

export interface WorkDone {
  readonly seconds: number;
  readonly fault: string | undefined;
}

/** What is written at once, by whoever sends content. */
export const CHUNK_BYTES = 262_144;
