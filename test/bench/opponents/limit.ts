import { join } from "node:path";
import { answerOctets } from "../answer-octets.ts";
import { compileC } from "../compiler.ts";
import type { Place } from "../targets.ts";

const source = join(import.meta.dirname, "limit.c");

/** Compiles limit.c and tells it what it has to know. */
export async function limitCommand({ port, dir, servers }: Place): Promise<string[]> {
  const octets = await answerOctets(servers.g1, "/64");
  return [compileC(source, dir), port, octets, ...Object.values(servers)].map(String);
}
