import { lookup } from "node:dns/promises";
import { FIXED, type ResolvedAdmin, type ResolvedListener } from "@shunt/core";
import { type Address, BindError, bindAlone, bindShared, portOf, type TcpHandle } from "./handles.ts";
import { StartRefusal } from "./refusal.ts";

/** A listener's places in the kernel. */
export interface Reservation {
  readonly listener: ResolvedListener;
  readonly host: string;
  readonly port: number;
  /** Where further acceptors are bound to. */
  readonly at: Address;
  /** One for each acceptor slot, in the order of the slots; of each its bound handles. */
  readonly places: readonly (readonly TcpHandle[])[];
}

/**
 * Binds a listener for each acceptor. As a stranger's SO_REUSEPORT would let ours in beside it and share its
 * traffic with us, the port is first bound alone.
 * @param isOurs Whether acceptors of a former supervisor of this state directory hold `host:port`.
 * @throws StartRefusal naming listener, address and obstacle.
 */
export async function reserve(
  listener: ResolvedListener,
  acceptors: number,
  isOurs: (address: string) => boolean,
): Promise<Reservation> {
  const { name, host } = listener;
  const what = `listener "${name}"`;
  const at = await addressOf(host, listener.port, what);
  if (!isOurs(`${host}:${listener.port}`)) refuseStranger(at, host, what);
  try {
    const places = bindPlaces(at, acceptors);
    const [first] = places.flat();
    if (first === undefined) throw new Error(`${what} needs an acceptor`);
    const port = portOf(first);
    return { listener, host, port, at: { ...at, port }, places };
  } catch (error) {
    throw refusalOf(error, host, listener.port, what);
  }
}

/** @throws StartRefusal when the admin API could not listen. */
export async function probeAdmin({ host, port }: ResolvedAdmin): Promise<void> {
  refuseStranger(await addressOf(host, port, "the admin API"), host, "the admin API");
}

/** `host:port` as it stands in a URL. */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Binds the sockets on which one acceptor listens, each with a queue of its own: in one turn of its loop it accepts one
 * connection from each (decision 0021). @throws BindError
 */
export function bindPlace(at: Address): TcpHandle[] {
  const handles: TcpHandle[] = [];
  try {
    let { port } = at;
    while (handles.length < FIXED.listenShards) {
      const handle = bindShared({ ...at, port });
      handles.push(handle);
      port = portOf(handle);
    }
    return handles;
  } catch (error) {
    closeAll(handles);
    throw error;
  }
}

/** Closes every handle of a place. Whoever waits in their queues is reset, unless another process holds a duplicate. */
export function closeAll(handles: readonly TcpHandle[]): void {
  for (const handle of handles) handle.close();
}

function bindPlaces(at: Address, acceptors: number): TcpHandle[][] {
  const places: TcpHandle[][] = [];
  try {
    let { port } = at;
    for (let slot = 0; slot < acceptors; slot++) {
      const handles = bindPlace({ ...at, port });
      places.push(handles);
      port = portOf(handles[0] as TcpHandle);
    }
    return places;
  } catch (error) {
    closeAll(places.flat());
    throw error;
  }
}

function refuseStranger(at: Address, host: string, what: string): void {
  try {
    bindAlone(at).close();
  } catch (error) {
    throw refusalOf(error, host, at.port, what);
  }
}

async function addressOf(host: string, port: number, what: string): Promise<Address> {
  try {
    const { address, family } = await lookup(host);
    return { address, family: family === 6 ? 6 : 4, port };
  } catch {
    throw new StartRefusal(
      `Cannot listen on ${authority(host, port)} (${what}): the name "${host}" has no address`,
    );
  }
}

const OBSTACLES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there already",
  EACCES: "permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "the address belongs to no interface of this machine",
  ENOTSUP: "this system does not spread connections over several listeners (SO_REUSEPORT)",
};

function refusalOf(error: unknown, host: string, port: number, what: string): unknown {
  if (!(error instanceof BindError)) return error;
  const obstacle = OBSTACLES[error.code] ?? error.code;
  return new StartRefusal(`Cannot listen on ${authority(host, port)} (${what}): ${obstacle}.`);
}
