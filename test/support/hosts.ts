import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";

/** A machine of a cluster, as far as a network can tell. */
export interface Host {
  readonly name: string;
  readonly address: string;
  /** What goes before a command that is to run there. */
  readonly prefix: readonly string[];
}

/**
 * Several hosts on one machine: network namespaces behind a bridge, where this process may make them; else loopback
 * addresses, which is the same to everybody who binds to one of them.
 */
export class Hosts implements Disposable {
  /** Where this process is reached by all of them. */
  readonly gateway: string;
  readonly hosts: readonly Host[];
  readonly kind: "namespaces" | "loopback";
  readonly #undo: readonly (readonly string[])[];

  constructor(
    kind: Hosts["kind"],
    gateway: string,
    hosts: readonly Host[],
    undo: readonly (readonly string[])[],
  ) {
    this.kind = kind;
    this.gateway = gateway;
    this.hosts = hosts;
    this.#undo = undo;
  }

  static make(count: number): Hosts {
    return inNamespaces(count) ?? onLoopback(count);
  }

  [Symbol.dispose](): void {
    for (const [command = "", ...args] of this.#undo) run(command, ...args);
  }
}

function onLoopback(count: number): Hosts {
  const hosts = Array.from({ length: count }, (_, i) => ({
    name: `h${i + 1}`,
    address: `127.0.0.${i + 1}`,
    prefix: [],
  }));
  return new Hosts("loopback", "127.0.0.1", hosts, []);
}

/** Undefined where namespaces, or pairs of network devices, are refused. */
function inNamespaces(count: number): Hosts | undefined {
  // One of 250 networks, so that two runs do not meet. 10.213/16 is nobody's but ours: it ends at the bridge.
  const number = randomInt(1, 251);
  const bridge = `shunt${number}`;
  const gateway = `10.213.${number}.1`;
  const undo: string[][] = [["ip", "link", "del", bridge]];
  const hosts: Host[] = [];
  let made =
    run("ip", "link", "add", bridge, "type", "bridge") &&
    run("ip", "addr", "add", `${gateway}/24`, "dev", bridge) &&
    run("ip", "link", "set", bridge, "up");
  for (let i = 1; made && i <= count; i++) {
    const namespace = `shunt${number}-${i}`;
    const address = `10.213.${number}.${10 + i}`;
    const [outside, inside] = [`sh${number}o${i}`, `sh${number}i${i}`];
    undo.push(["ip", "netns", "del", namespace]);
    made =
      run("ip", "netns", "add", namespace) &&
      run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside) &&
      run("ip", "link", "set", inside, "netns", namespace) &&
      run("ip", "link", "set", outside, "master", bridge) &&
      run("ip", "link", "set", outside, "up") &&
      run("ip", "-n", namespace, "addr", "add", `${address}/24`, "dev", inside) &&
      run("ip", "-n", namespace, "link", "set", inside, "up") &&
      run("ip", "-n", namespace, "link", "set", "lo", "up");
    hosts.push({ name: `h${i}`, address, prefix: ["ip", "netns", "exec", namespace] });
  }
  const all = new Hosts("namespaces", gateway, hosts, undo);
  if (made) return all;
  all[Symbol.dispose]();
  return undefined;
}

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 10_000 }).status === 0;
}
