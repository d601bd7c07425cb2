import net from "node:net";
import { getSystemErrorName } from "node:util";

/**
 * Bound TCP handles that nobody accepts on yet. Node.js has no public call for one: `server.listen()` binds and
 * accepts in one step, and what accepts in the supervisor would take connections away from the acceptors. So this
 * file, and no other, uses the call that `node:cluster` itself is built on.
 */

/** A socket of the kernel. It is listened on by a child's `server.listen(handle)`, and stays bound until closed. */
export interface TcpHandle {
  /** 0, or an errno below 0: a bind that met another listener says so here and not when it is made. */
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateHandle = (
  address: string,
  port: number,
  family: 4 | 6,
  fd: number | undefined,
  flags: number,
) => TcpHandle | number;

/** The value of libuv's UV_TCP_REUSEPORT; handles.test.ts holds it to its meaning. */
const REUSE_PORT = 2;

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** Binding was refused. `code` is the system's name for it (EADDRINUSE, EACCES, ...). */
export class BindError extends Error {
  override readonly name = "BindError";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Binds beside others that do the same; the kernel spreads connections over all of them that listen. */
export function bindShared(at: Address): TcpHandle {
  return bind(at, REUSE_PORT);
}

/** Binds alone: fails wherever anybody listens, with SO_REUSEPORT or without. */
export function bindAlone(at: Address): TcpHandle {
  return bind(at, 0);
}

/** The port that a handle is bound to; differs from what was asked for when that was 0. */
export function portOf(handle: TcpHandle): number {
  const out: { port?: number } = {};
  check(handle.getsockname(out));
  if (out.port === undefined) throw new Error("A bound handle has no port");
  return out.port;
}

function bind({ address, port, family }: Address, flags: number): TcpHandle {
  const handle = createHandle()(address, port, family, undefined, flags);
  if (typeof handle === "number") {
    check(handle);
    throw new Error(`Binding ${address} gave ${handle} and no handle`);
  }
  try {
    portOf(handle);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

function createHandle(): CreateHandle {
  const create: unknown = Reflect.get(net, "_createServerHandle");
  if (typeof create === "function") return create as CreateHandle;
  throw new Error(`Node.js ${process.version} has no net._createServerHandle, which listening handles need`);
}

function check(status: number): void {
  if (status < 0) throw new BindError(getSystemErrorName(status));
}
