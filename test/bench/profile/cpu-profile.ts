import { fileURLToPath } from "node:url";

/** The parts of a V8 CPU profile that are read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** A function where it was called from, with what it called. Times are in microseconds. */
export interface Frame {
  readonly name: string;
  /** `file:line` below the root of the repository; a module of Node; "" for what V8 itself does. */
  readonly place: string;
  readonly selfMicros: number;
  readonly totalMicros: number;
  readonly children: readonly Frame[];
}

/** What V8 takes for idle: outside of any call Node reads from sockets, and waits. */
const OUTSIDE = "(receiving and waiting)";

/** Adds the samples up along the calls. */
export function callTree({ nodes, samples, timeDeltas }: CpuProfile, root: string): Frame {
  const selfMicros = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    selfMicros.set(id, (selfMicros.get(id) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children = [] }) => children));
  const frameOf = (id: number): Frame => {
    const node = byId.get(id);
    if (node === undefined) throw new Error(`Cannot read a CPU profile: there is no node ${id}`);
    const { functionName, url, lineNumber } = node.callFrame;
    const children = (node.children ?? []).map(frameOf);
    const self = selfMicros.get(id) ?? 0;
    return {
      name: functionName === "(idle)" ? OUTSIDE : functionName || "(anonymous)",
      place: placeOf(url, lineNumber + 1, root),
      selfMicros: self,
      totalMicros: children.reduce((sum, { totalMicros }) => sum + totalMicros, self),
      children,
    };
  };
  const top = nodes.find(({ id }) => !called.has(id));
  if (top === undefined) throw new Error("Cannot read a CPU profile: it has no root");
  return frameOf(top.id);
}

function placeOf(url: string, line: number, root: string): string {
  if (url === "") return "";
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const inside = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  // a dependency is named by its package, wherever it is installed
  return `${inside.replace(/^.*node_modules\//, "")}:${line}`;
}

export interface SelfTime {
  readonly name: string;
  readonly place: string;
  readonly micros: number;
}

/** What each function took itself, wherever it was called from, the longest first. */
export function selfTimes(tree: Frame): SelfTime[] {
  const times = new Map<string, SelfTime>();
  const add = ({ name, place, selfMicros, children }: Frame): void => {
    const key = `${name} ${place}`;
    times.set(key, { name, place, micros: (times.get(key)?.micros ?? 0) + selfMicros });
    children.forEach(add);
  };
  add(tree);
  return [...times.values()].filter(({ micros }) => micros > 0).sort((a, b) => b.micros - a.micros);
}

/** The part of the program that a function belongs to: a folder of ours, a package, Node, V8. */
export function partOf({ name, place }: Pick<SelfTime, "name" | "place">): string {
  if (name === "(garbage collector)") return "garbage collection";
  if (name === OUTSIDE) return "receiving (the kernel), and waiting";
  if (name === "(program)") return "native code of V8 and Node";
  if (place === "") return "native code that is called: sending (the kernel), copies, texts";
  if (place.startsWith("node:")) return "Node's JavaScript";
  return /^(packages\/[^/]+\/src\/[^/:]+|@?[^/:]+)/.exec(place)?.[1] ?? place;
}
