import { serveByFile } from "./up.ts";

/** One of the coordinators of a cluster, without acceptors. Resolves with the exit code. */
export async function coordinator(args: readonly string[]): Promise<number> {
  return await serveByFile("coordinator", args, {});
}
