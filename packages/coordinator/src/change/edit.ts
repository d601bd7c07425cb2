import { isAbsolute } from "node:path";
import {
  type DataPlaneConfig,
  MAX_LINE_BYTES,
  needsRestart,
  type ResolvedPool,
  type ResolvedServer,
} from "@shunt/core";
import type { ShuntOptions } from "@shunt/core/config";
import {
  didYouMean,
  formatMistake,
  formatPath,
  type Mistake,
  oneOfNames,
  type Path,
  quote,
  resolveConfig,
} from "@shunt/core/config/resolving";
import { isObject } from "../config/is-object.ts";
import type { Edit } from "./change.ts";
import { type OwnConfig, optionsOf, ownOptionsOf, SHOWN } from "./options-of.ts";
import { pointerTo } from "./pointer.ts";
import { openSecrets } from "./secrets.ts";

export type Mistakes = readonly { readonly pointer: string; readonly detail: string }[];

/** What an edit makes of a configuration. */
export type Edited =
  | {
      readonly kind: "edited";
      readonly config: DataPlaneConfig;
      /** Sentences. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "invalid"; readonly mistakes: Mistakes }
  | { readonly kind: "unknown"; readonly detail: string };

/** What an edit is made on. */
export interface EditBase {
  readonly config: DataPlaneConfig;
  /** What edits cannot change; what a whole configuration leaves out of it stays. */
  readonly own: OwnConfig;
  /** What a rollback goes back to, where it is kept. */
  readonly earlier?: DataPlaneConfig | undefined;
}

/**
 * The configuration after an edit: whole, and judged as a file is that somebody starts Shunt with; or what is wrong with
 * the edit. Pointers are into what came with it. Pure.
 */
export function edited(edit: Edit, base: EditBase): Edited {
  switch (edit.kind) {
    case "replace":
      return replaced(edit.options, base);
    case "add-server":
      return added(edit, base);
    case "patch-server":
      return withServers(edit, base, (pool, server) => ({
        ...pool.servers,
        [edit.server]: {
          ...server,
          ...(edit.state === undefined ? {} : { state: edit.state }),
          ...(edit.weight === undefined ? {} : { weight: edit.weight }),
        },
      }));
    case "remove-server":
      return removed(edit, base);
    case "rollback":
      if (base.earlier === undefined)
        return {
          kind: "unknown",
          detail: `The generation ${edit.generation} is not kept: expected one that the history lists`,
        };
      return resolved(optionsOf(base.earlier, SHOWN), base, []);
  }
}

function replaced(options: unknown, base: EditBase): Edited {
  const mistakes = isObject(options) ? relativePaths(options) : [];
  return mistakes.length > 0 ? { kind: "invalid", mistakes } : resolved(options, base, []);
}

/** Where the file lies to which a path would be relative is not known here. */
function relativePaths({ log, state }: Readonly<Record<string, unknown>>): Mistakes {
  const access = isObject(log) ? log.access : undefined;
  const path = isObject(state) ? state.path : undefined;
  const isRelative = (each: unknown): boolean =>
    typeof each === "string" && !["", "stdout", "off"].includes(each) && !isAbsolute(each);
  const detail = (given: unknown): string =>
    `found ${quote(String(given))}, which is relative to a file that is not known here; expected an absolute path`;
  return [
    ...(isRelative(access) ? [{ pointer: "/log/access", detail: detail(access) }] : []),
    ...(isRelative(path) ? [{ pointer: "/state/path", detail: detail(path) }] : []),
  ];
}

type ServerEdit = Extract<Edit, { readonly pool: string }>;
type PoolOptions = ShuntOptions["pools"][string];
type Servers = Readonly<Record<string, unknown>>;

function added(edit: Extract<Edit, { readonly kind: "add-server" }>, base: EditBase): Edited {
  const pool = poolOf(edit, base.config);
  if (pool === undefined) return unknownPool(edit, base.config);
  if (serverOf(edit, pool) !== undefined) {
    const detail = `there is a server ${quote(edit.server)} in the pool ${quote(edit.pool)} already; expected a new name`;
    return { kind: "invalid", mistakes: [{ pointer: "/name", detail }] };
  }
  if (!isObject(edit.options))
    return { kind: "invalid", mistakes: [{ pointer: "", detail: "expected an object" }] };
  const under: Path = ["pools", edit.pool, "servers", edit.server];
  const result = withPool(
    edit,
    base,
    (options) => ({ ...options.servers, [edit.server]: edit.options }),
    under,
  );
  if (result.kind !== "invalid") return result;
  // The name is the key in a configuration file, and a field here.
  const mistakes = result.mistakes.map((each) =>
    each.pointer === "" ? { ...each, pointer: "/name" } : each,
  );
  return { kind: "invalid", mistakes };
}

function removed(edit: Extract<Edit, { readonly kind: "remove-server" }>, base: EditBase): Edited {
  const pool = poolOf(edit, base.config);
  if (pool?.servers.length === 1 && serverOf(edit, pool) !== undefined) {
    const detail = `${quote(edit.server)} is the last server of the pool ${quote(edit.pool)}, which needs one; drain it, or add another before`;
    return { kind: "invalid", mistakes: [{ pointer: "", detail }] };
  }
  return withServers(edit, base, ({ servers }) => {
    const { [edit.server]: _, ...others } = servers;
    return others;
  });
}

/** The edit of a server that has to be there. */
function withServers(
  edit: ServerEdit,
  base: EditBase,
  change: (pool: PoolOptions, server: Servers) => Servers,
): Edited {
  const pool = poolOf(edit, base.config);
  if (pool === undefined) return unknownPool(edit, base.config);
  if (serverOf(edit, pool) === undefined) return unknownServer(edit, pool);
  const under: Path = ["pools", edit.pool, "servers", edit.server];
  return withPool(edit, base, (options) => change(options, { ...options.servers[edit.server] }), under);
}

function withPool(
  { pool }: ServerEdit,
  base: EditBase,
  serversOf: (pool: PoolOptions) => Servers,
  under: Path,
): Edited {
  const options = optionsOf(base.config, SHOWN);
  const before = options.pools[pool] as PoolOptions;
  const pools = { ...options.pools, [pool]: { ...before, servers: serversOf(before) } };
  return resolved({ ...options, pools }, base, under);
}

function poolOf({ pool }: ServerEdit, { pools }: DataPlaneConfig): ResolvedPool | undefined {
  return pools.find(({ name }) => name === pool);
}

function serverOf({ server }: ServerEdit, { servers }: ResolvedPool): ResolvedServer | undefined {
  return servers.find(({ name }) => name === server);
}

function unknownPool({ pool }: ServerEdit, { pools }: DataPlaneConfig): Edited {
  return { kind: "unknown", detail: noPool(pool, pools) };
}

function unknownServer({ server }: ServerEdit, pool: ResolvedPool): Edited {
  return { kind: "unknown", detail: noServer(server, pool) };
}

/** Names what there is. */
export function noPool(pool: string, pools: DataPlaneConfig["pools"]): string {
  const names = pools.map(({ name }) => name);
  return `There is no pool ${quote(pool)}${didYouMean(pool, names)}: expected ${oneOfNames(names)}`;
}

export function noServer(server: string, { name, servers }: ResolvedPool): string {
  const names = servers.map((each) => each.name);
  return `There is no server ${quote(server)} in the pool ${quote(name)}${didYouMean(server, names)}: expected ${oneOfNames(names)}`;
}

/** `under`: where what came with the edit stands in the options. */
function resolved(given: unknown, base: EditBase, under: Path): Edited {
  const { config, own } = base;
  const now = { ...optionsOf(config, SHOWN), ...ownOptionsOf(own, SHOWN) };
  const { options, env, mistakes } = openSecrets(given, now);
  if (mistakes.length > 0) return { kind: "invalid", mistakes };
  // With the admin's address, so that no listener takes it.
  const result = resolveConfig(isObject(options) ? { admin: now.admin, ...options } : options, {
    cores: config.acceptors,
    statePath: own.state.path,
    absolutePath: (path) => path,
    env: (name) => env.get(name),
    readFile: () => {
      throw new Error("files are not read here");
    },
  });
  if (!result.ok) return { kind: "invalid", mistakes: result.mistakes.map((each) => located(each, under)) };
  const { admin, state, ...dataPlane } = result.config;
  const said = isObject(given) ? given : {};
  const restarts = needsRestart(
    { ...config, ...own },
    { ...dataPlane, ...(said.admin ? { admin } : {}), ...(said.state ? { state } : {}) },
  );
  if (restarts.length > 0) return { kind: "invalid", mistakes: restarts.map(atItsPart) };
  const octets = Buffer.byteLength(JSON.stringify(dataPlane));
  if (octets > MOST_OCTETS) return { kind: "invalid", mistakes: [tooLarge(octets)] };
  const warnings = result.warnings.filter(({ path }) => concerns(path, under)).map(formatMistake);
  return { kind: "edited", config: dataPlane, warnings };
}

/** A snapshot goes to acceptors as one line, with little beside the configuration. */
const MOST_OCTETS = MAX_LINE_BYTES - 64 * 1024;

function tooLarge(octets: number): Mistakes[number] {
  const detail = `the whole configuration has ${octets} octets in the form in which acceptors get it; expected at most ${MOST_OCTETS}`;
  return { pointer: "", detail };
}

/** These sentences begin with the part that they are about. */
function atItsPart(detail: string): Mistakes[number] {
  return { pointer: `/${detail.split(" ")[0]}`, detail };
}

/** Relative to what came with the edit where it is in there; elsewhere with its whole path in the sentence. */
function located(mistake: Mistake, under: Path): Mistakes[number] {
  const { path } = mistake;
  if (concerns(path, under)) {
    const inside = path.slice(under.length);
    return { pointer: pointerTo(inside), detail: formatMistake({ ...mistake, path: [] }) };
  }
  // What is right there and in the way of another: two servers with one address.
  const pointer = path.at(-1) === "url" ? "/url" : "";
  return { pointer, detail: `${formatPath(path)}: ${formatMistake({ ...mistake, path: [] })}` };
}

function concerns(path: Path, under: Path): boolean {
  return under.every((key, index) => path[index] === key);
}
