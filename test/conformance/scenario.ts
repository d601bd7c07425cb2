import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import type { Octets } from "./octets.ts";
import {
  type Configuration,
  configuration,
  type Step,
  scenarioFile,
  type WrittenScenario,
} from "./schema.ts";

/** A scenario, ready to be played: the short form is written out. */
export interface Scenario {
  readonly name: string;
  /** The file it stands in, without `.yaml`. */
  readonly file: string;
  readonly rfc: string;
  readonly level: "must" | "should" | "ours";
  readonly why: string;
  readonly config: string;
  /** Whether other proxies are asked too. */
  readonly peers: boolean;
  readonly steps: readonly Step[];
}

const ORDINARY_REQUEST = "GET / HTTP/1.1\r\nHost: shunt.test\r\n\r\n";
const ORDINARY_ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** What was read, and every mistake with its place: what is mistaken is left out. */
export interface Read<T> {
  readonly found: T;
  readonly mistakes: readonly string[];
}

/** All scenarios of a folder, in the order of their files. */
export function readScenarios(folder: string): Read<readonly Scenario[]> {
  const mistakes: string[] = [];
  const scenarios = yamlFiles(folder).flatMap((path) => readFile(path, mistakes));
  const seen = new Map<string, string>();
  for (const { name, file } of scenarios) {
    const before = seen.get(name);
    if (before !== undefined) mistakes.push(`${file}.yaml: the name ${name} is used in ${before}.yaml`);
    seen.set(name, file);
  }
  return { found: scenarios, mistakes };
}

/** The configurations of a folder by name. */
export function readConfigurations(folder: string): Read<ReadonlyMap<string, Configuration>> {
  const mistakes: string[] = [];
  const read = yamlFiles(folder).flatMap((path) => {
    const config = readYaml(path, configuration, mistakes);
    return config === undefined ? [] : [[basename(path, ".yaml"), config] as const];
  });
  return { found: new Map(read), mistakes };
}

function yamlFiles(folder: string): string[] {
  return globSync("*.yaml", { cwd: folder })
    .sort()
    .map((file) => join(folder, file));
}

function readFile(path: string, mistakes: string[]): Scenario[] {
  const read = readYaml(path, scenarioFile, mistakes);
  const file = basename(path, ".yaml");
  return (read?.scenarios ?? []).flatMap((written) => {
    const steps = stepsOf(written);
    if (typeof steps === "string") {
      mistakes.push(`${basename(path)}: ${written.name}: ${steps}`);
      return [];
    }
    const { name, rfc, level, why, config = read?.config ?? "plain", peers = level !== "ours" } = written;
    return [{ name, file, rfc, level, why, config, peers, steps }];
  });
}

function readYaml<S extends z.ZodType>(path: string, schema: S, mistakes: string[]): z.infer<S> | undefined {
  const raw = parseYaml(path, mistakes);
  const read = schema.safeParse(raw);
  if (read.success) return read.data;
  for (const { path: keys, message } of read.error.issues)
    mistakes.push(`${basename(path)}: ${placeOf(raw, keys)}: ${message}`);
  return undefined;
}

function parseYaml(path: string, mistakes: string[]): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    mistakes.push(`${basename(path)}: ${error instanceof Error ? error.message : error}`);
    return {};
  }
}

/** The keys that lead to a mistake; a scenario is called by its name, where it has one. */
function placeOf(raw: unknown, keys: readonly PropertyKey[]): string {
  const [first, index, ...rest] = keys;
  if (first !== "scenarios" || typeof index !== "number") return keys.join(".") || "the file";
  const name = (raw as { scenarios: { name?: unknown }[] }).scenarios[index]?.name;
  return [typeof name === "string" ? name : `scenarios.${index}`, ...rest.map(String)].join(".");
}

const SHORT_FORM = [
  "request",
  "split",
  "refused",
  "refused late",
  "answered",
  "forwarded",
  "answer",
  "response",
  "afterwards",
] as const;

/** The steps of a scenario, or what is wrong with its form. */
function stepsOf(written: WrittenScenario): readonly Step[] | string {
  const short = SHORT_FORM.filter((key) => written[key] !== undefined);
  if (written.steps !== undefined)
    return short.length === 0 ? written.steps : `found steps and ${short.join(", ")}; expected one form`;
  const { refused, "refused late": late, answered, forwarded, answer, response } = written;
  const passes = forwarded !== undefined || answer !== undefined || response !== undefined;
  const forms = [refused !== undefined, late !== undefined, answered !== undefined, passes].filter(
    Boolean,
  ).length;
  if (forms !== 1)
    return `found ${short.join(", ") || "no steps"}; expected steps, refused, refused late, answered, or some of forwarded, answer and response`;
  return [...shortSteps(written), ...(written.afterwards ?? [])];
}

function shortSteps(written: WrittenScenario): Step[] {
  const {
    request = ORDINARY_REQUEST,
    refused,
    answered,
    forwarded,
    answer = ORDINARY_ANSWER,
    response,
  } = written;
  const to = methodOf(request);
  const sent: Step = {
    verb: "client sends",
    value: request,
    client: "a",
    ...(written.split && { split: written.split }),
  };
  const late = written["refused late"];
  if (late !== undefined) return [sent, ...refusalSteps([late].flat(), to), NO_WHOLE_REQUEST];
  if (refused !== undefined) return [sent, ...refusalSteps([refused].flat(), to)];
  if (answered !== undefined) return [sent, { verb: "client gets", value: { ...answered, to }, client: "a" }];
  return [
    sent,
    { verb: "server gets", value: forwarded ?? ANY_REQUEST },
    { verb: "server sends", value: answer },
    { verb: "client gets", value: { ...(response ?? ANY_200), to }, client: "a" },
  ];
}

const NO_WHOLE_REQUEST: Step = { verb: "server gets no whole request", value: null };
const ANY_REQUEST = { fields: {}, lines: [] };
const ANY_200 = { ...ANY_REQUEST, status: 200 };

function refusalSteps(refused: readonly (number | "closed")[], to: string): Step[] {
  const status = refused.filter((each) => each !== "closed");
  const mayClose = status.length < refused.length;
  const gets: Step = { verb: "client gets", value: { ...ANY_200, status, to }, client: "a" };
  const closes: Step = { verb: "client connection closes", value: null, client: "a" };
  if (!mayClose) return [gets, closes];
  return status.length === 0 ? [closes] : [{ ...gets, orCloses: true }, closes];
}

function methodOf(request: Octets): string {
  const [first = ""] = Array.isArray(request) ? request : [request];
  return /^(?:\r\n)*HEAD /.test(typeof first === "string" ? first : first.repeat) ? "HEAD" : "GET";
}
