import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Contender } from "../contender.ts";
import { runLoad } from "../load/generator.ts";
import { type CpuTimes, loopCpuSeconds, treeCpuTimes } from "../process-cpu.ts";
import type { Bench } from "../rounds.ts";
import type { Cell } from "../scenarios.ts";
import { startSampleServers } from "../servers/sample-servers.ts";
import type { Target } from "../targets.ts";
import { root } from "../versions.ts";
import { type CpuProfile, callTree, type Frame } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { countInstructions } from "./instructions.ts";

const WARM_UP_SECONDS = 3;
const PATIENCE_MS = 10_000;

/** What one scenario showed about one target. */
export interface Profiled {
  readonly cell: Cell;
  readonly tree: Frame;
  /** Share of the time in which the loop had a core while it was profiled. */
  readonly loopBusy: number;
  readonly requests: number;
  /** Of the whole tree of processes, without a profiler. */
  readonly cpu: CpuTimes | undefined;
  /** Of the same load once more, in millions; a sentence where the machine counts none. */
  readonly instructions: number | string;
  readonly files: readonly string[];
}

/** Runs one scenario in front of an acceptor twice: with a profiler, and without one to see what it really costs. */
export async function profileCell(
  bench: Bench,
  target: Target,
  cell: Cell,
  seconds: number,
  dir: string,
  out: string,
): Promise<Profiled> {
  const { scenario } = cell;
  await mkdir(dir);
  await using servers = await startSampleServers(
    join(dir, "servers"),
    scenario.serverDelayMs,
    bench.loadCore,
    bench.signal,
    bench.servers,
  );
  const environment = {
    PROFILE_DIR: dir,
    NODE_OPTIONS: `--import=${import.meta.resolve("./preload.ts")}`,
  };
  await using contender = await Contender.start(
    target,
    servers.ports,
    join(dir, "target"),
    bench.proxyCore,
    bench.signal,
    { environment, connections: cell.connections },
  );
  const load = (length: number) =>
    runLoad(
      bench.generator,
      { ...cell, port: contender.place.port, seconds: length },
      bench.loadCore,
      bench.signal,
    );
  await load(WARM_UP_SECONDS);
  const before = treeCpuTimes(contender.pid);
  const { requests } = await load(seconds);
  const after = treeCpuTimes(contender.pid);
  const counting = countInstructions(contender.pid, seconds);
  await load(seconds);
  const instructions = await counting;
  const { profile, loopBusy } = await profiled(dir, () => load(seconds));

  const tree = callTree(profile, root);
  const title = `${scenario.title}, connections: ${cell.connections}`;
  const file = join(out, `${scenario.name}-${cell.connections}`);
  await writeFile(`${file}.cpuprofile`, JSON.stringify(profile));
  await writeFile(`${file}.svg`, flameGraph(tree, `${title}: ${target.title}, the loop of its acceptor`));
  return {
    cell,
    tree,
    loopBusy,
    requests,
    cpu: before && after && { user: after.user - before.user, system: after.system - before.system },
    instructions,
    files: [`${file}.svg`, `${file}.cpuprofile`],
  };
}

/** The profile of the one acceptor whose socket is in `dir`, and how busy its loop is, while `work` goes on. */
async function profiled(
  dir: string,
  work: () => Promise<unknown>,
): Promise<{ readonly profile: CpuProfile; readonly loopBusy: number }> {
  const pid = (await readdir(dir))
    .map((name) => /^(\d+)\.sock$/.exec(name)?.[1])
    .find((name) => name && lives(Number(name)));
  if (pid === undefined) throw new Error("Cannot profile: no acceptor has opened its socket");
  const socket = connect(join(dir, `${pid}.sock`));
  await once(socket, "connect");
  const before = loopCpuSeconds(Number(pid));
  const startedAt = performance.now();
  await work();
  const loopBusy = (loopCpuSeconds(Number(pid)) - before) / ((performance.now() - startedAt) / 1e3);
  socket.end();
  const json = await Promise.race([text(socket), sleep(PATIENCE_MS, "", { ref: false })]);
  socket.destroy();
  if (json === "") throw new Error(`Cannot profile: the acceptor sent nothing within ${PATIENCE_MS} ms`);
  return { profile: JSON.parse(json), loopBusy };
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
