import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

export const HOST = "127.0.0.1";

/** Ports that were free a moment ago, all different. Whoever is to listen there says so if one was lost since. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, HOST));
  await Promise.all(probes.map((probe) => once(probe, "listening")));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => once(probe.close(), "close")));
  return ports;
}

/** Where the four sample servers listen, by name: g1 and g2 are for gold, s1 and s2 for the rest. */
export interface ServerPorts {
  readonly g1: number;
  readonly g2: number;
  readonly s1: number;
  readonly s2: number;
}

export async function serverPorts(): Promise<ServerPorts> {
  const [g1 = 0, g2 = 0, s1 = 0, s2 = 0] = await freePorts(4);
  return { g1, g2, s1, s2 };
}

/** Whether somebody listens there. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
