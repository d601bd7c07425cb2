import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";
import type { ResolvedAdmin } from "@shunt/core";
import type { FastifyRequest } from "fastify";
import { ProblemError, problem } from "./problem.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Refuses a name that is not ours while the API listens on loopback: a page in a browser on this machine could
 * have a name of its own resolve to 127.0.0.1 and so read what it must not (DNS rebinding).
 */
export function checkHost(request: FastifyRequest, admin: ResolvedAdmin): void {
  if (!isLoopback(admin.host)) return;
  const host = hostOf(request.headers.host ?? "");
  if (isLoopback(host) || host === admin.host.toLowerCase()) return;
  throw new ProblemError(problem(421, `The admin API of this machine does not answer for "${host}"`));
}

/** A token that is not configured is not asked for; the configuration allows that on loopback only. */
export function checkToken(request: FastifyRequest, { token }: ResolvedAdmin): void {
  if (token === undefined) return;
  const [, given] = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? "") ?? [];
  if (given !== undefined && equalInConstantTime(given, token)) return;
  const detail = given === undefined ? "A bearer token is needed" : "The bearer token is not the right one";
  throw new ProblemError(problem(401, detail));
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost") return true;
  const family = isIP(bare);
  return family !== 0 && LOOPBACK.check(bare, family === 6 ? "ipv6" : "ipv4");
}

/** Digests have one length, so that the time tells nothing, the token's length included. */
function equalInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Without the port. */
function hostOf(field: string): string {
  return (/^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(field)?.[1] ?? field).toLowerCase();
}
