import { z } from "zod";
import {
  ACTIVE_HEALTH_RANGES,
  CHECK_PORT_RANGE,
  PANIC_PERCENT_RANGE,
  PASSIVE_HEALTH_RANGES,
  SLOW_START_RANGE,
} from "./defaults.ts";
import type {
  ActiveHealthOptions,
  HealthOptions,
  HttpCheckOptions,
  PassiveHealthOptions,
  StatusOptions,
} from "./options.ts";
import { anything, choice, integer, numbers, type Shape, text, value } from "./schema.ts";

/** The parts of `health` of a pool; see `schema.ts`. */

export const healthSchema = z.strictObject({
  active: anything.optional(),
  passive: anything.optional(),
  slowStartMs: integer(SLOW_START_RANGE).optional(),
  panicPercent: integer(PANIC_PERCENT_RANGE).optional(),
} satisfies Shape<HealthOptions, "active" | "passive">);

export const activeHealthSchema = z.strictObject({
  http: anything.optional(),
  tcp: value<true>((found) => found === true, "true").optional(),
  port: integer(CHECK_PORT_RANGE).optional(),
  ...numbers(ACTIVE_HEALTH_RANGES),
} satisfies Shape<ActiveHealthOptions, "http">);

/** What may stand in a request line: no blank, nothing beyond ASCII, and no fragment. */
const TARGET = /^\/[!-"$-~]{0,2047}$/;
const HOST = /^[\w.:[\]-]{1,255}$/;
/** Longer texts are documents. */
const LONGEST_BODY = 1_024;

/** Lowest and highest status of a range as it is written; undefined when it is none. */
export function statusRange(found: unknown): readonly [lowest: number, highest: number] | undefined {
  const [, lowest = "", highest = lowest] = /^(\d{3})(?:-(\d{3}))?$/.exec(String(found)) ?? [];
  const range = [Number(lowest), Number(highest)] as const;
  return range[0] >= 100 && range[1] >= range[0] && range[1] <= 599 ? range : undefined;
}

const isStatus = (found: unknown): found is StatusOptions =>
  (typeof found === "number" || typeof found === "string") && statusRange(found) !== undefined;

export const httpCheckSchema = z.strictObject({
  path: text('a path like "/healthz"', (found) => TARGET.test(found)),
  method: choice(["GET", "HEAD", "OPTIONS"]).optional(),
  host: text('a host like "example.org"', (found) => HOST.test(found)).optional(),
  status: value<StatusOptions | readonly StatusOptions[]>(
    (found) => isStatus(found) || (Array.isArray(found) && found.length > 0 && found.every(isStatus)),
    'a status like 200, a range like "200-399", or a list of these, all in 100..599',
  ).optional(),
  body: text(
    `a text of 1 to ${LONGEST_BODY} characters`,
    (found) => found !== "" && found.length <= LONGEST_BODY,
  ).optional(),
} satisfies Shape<HttpCheckOptions>);

const { latencyFactor, ...whole } = PASSIVE_HEALTH_RANGES;

export const passiveHealthSchema = z.strictObject({
  ...numbers(whole),
  latencyFactor: value<number>(
    (found) => typeof found === "number" && found >= latencyFactor[0] && found <= latencyFactor[1],
    `a number in ${latencyFactor[0]}..${latencyFactor[1]}`,
  ).optional(),
} satisfies Shape<PassiveHealthOptions>);
