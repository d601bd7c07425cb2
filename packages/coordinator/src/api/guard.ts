import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { type ResolvedAdmin, ROLES, type Role } from "@shunt/core";
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

/** Who asks, and what he may do. */
export interface Caller {
  /** For the audit log: the name of the token. */
  readonly name: string;
  readonly role: Role;
}

/** Where a route is open nobody is asked who he is. */
export const NOBODY: Caller = Object.freeze({ name: "nobody", role: "read" });
/** Where no token is configured, which is on loopback only, whoever gets there is somebody of this machine. */
const SOMEBODY_HERE: Caller = Object.freeze({ name: "local", role: "admin" });

/** @throws ProblemError 401 */
export function callerOf(request: FastifyRequest, { tokens }: ResolvedAdmin): Caller {
  if (tokens.length === 0) return SOMEBODY_HERE;
  const [, given] = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? "") ?? [];
  const caller = given === undefined ? undefined : holderOf(given, tokens);
  if (caller !== undefined) return caller;
  const detail = given === undefined ? "A bearer token is needed" : "The bearer token is not the right one";
  throw new ProblemError(problem(401, detail));
}

/** @throws ProblemError 403 */
export function checkRole({ name, role }: Caller, needed: Role): void {
  if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return;
  throw new ProblemError(problem(403, `This takes the role "${needed}"; the token "${name}" has "${role}"`));
}

/** Digests have one length, and all are compared: the time tells nothing. */
function holderOf(given: string, tokens: ResolvedAdmin["tokens"]): Caller | undefined {
  const digest = createHash("sha256").update(given).digest();
  const holders = tokens.filter(({ sha256 }) => timingSafeEqual(digest, Buffer.from(sha256, "hex")));
  return holders[0];
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (bare === "localhost") return true;
  const family = isIP(bare);
  return family !== 0 && LOOPBACK.check(bare, family === 6 ? "ipv6" : "ipv4");
}

/** Without the port. */
function hostOf(field: string): string {
  return (/^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(field)?.[1] ?? field).toLowerCase();
}
