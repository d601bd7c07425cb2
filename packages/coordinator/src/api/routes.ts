import type { Role } from "@shunt/core";
import type { z } from "zod";
import {
  AcceptorsAnswer,
  AnyQuery,
  ConfigAnswer,
  CoordinatorAnswer,
  ExchangesAnswer,
  ExplainAnswer,
  ExplainBody,
  LimitQuery,
  LoadAnswer,
  NoQuery,
  OpenApiAnswer,
  PoolsAnswer,
  ReadyQuery,
} from "./schemas.ts";

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As in OpenAPI: `/v1/pools/{pool}/servers/{server}`. */
  readonly path: string;
  /** The least that a caller needs; `open`: no token. */
  readonly role: Role | "open";
  readonly summary: string;
  /** What stands in braces in the path. */
  readonly parameters?: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: z.ZodType;
  /** Octets of content. @default FIXED.adminBodyBytes */
  readonly bodyBytes?: number;
  /** Fields of the request that it heeds. */
  readonly headers?: readonly ("if-match" | "if-none-match" | "last-event-id")[];
  /** By status: the form of the answer, or what it is where it has no JSON. Problems are answers of every route. */
  readonly answers: Readonly<Record<number, z.ZodType | string>>;
}

/** Every endpoint of the admin API, once: handlers are added by these, and the OpenAPI document is made of them. */
export const ROUTES = {
  livez: {
    method: "GET",
    path: "/livez",
    role: "open",
    summary: "Whether the coordinator answers",
    query: AnyQuery,
    answers: { 200: "text/plain" },
  },
  readyz: {
    method: "GET",
    path: "/readyz",
    role: "open",
    summary: "Whether an acceptor takes connections",
    query: ReadyQuery,
    answers: { 200: "text/plain" },
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    role: "open",
    summary: "Everything that is counted, in the text format of Prometheus",
    query: AnyQuery,
    answers: { 200: "text/plain" },
  },
  getConfig: {
    method: "GET",
    path: "/v1/config",
    role: "read",
    summary: "The configuration that holds, with all defaults and without secrets",
    query: NoQuery,
    headers: ["if-none-match"],
    answers: { 200: ConfigAnswer, 304: "none" },
  },
  getPools: {
    method: "GET",
    path: "/v1/pools",
    role: "read",
    summary: "Pools and servers with what they are loaded with",
    query: NoQuery,
    answers: { 200: PoolsAnswer },
  },
  getLoad: {
    method: "GET",
    path: "/v1/load",
    role: "read",
    summary: "The load of each server, in all and by acceptor",
    query: NoQuery,
    answers: { 200: LoadAnswer },
  },
  getCoordinator: {
    method: "GET",
    path: "/v1/coordinator",
    role: "read",
    summary: "The coordinator that answers, and who leads",
    query: NoQuery,
    answers: { 200: CoordinatorAnswer },
  },
  getAcceptors: {
    method: "GET",
    path: "/v1/acceptors",
    role: "read",
    summary: "Acceptors with their state",
    query: NoQuery,
    answers: { 200: AcceptorsAnswer },
  },
  getExchanges: {
    method: "GET",
    path: "/v1/exchanges",
    role: "read",
    summary: "Recent requests with their decisions",
    query: LimitQuery,
    answers: { 200: ExchangesAnswer },
  },
  getEvents: {
    method: "GET",
    path: "/v1/events",
    role: "read",
    summary: "What happens from now on, or since Last-Event-ID, as server-sent events",
    query: NoQuery,
    headers: ["last-event-id"],
    answers: { 200: "text/event-stream" },
  },
  explain: {
    method: "POST",
    path: "/v1/explain",
    role: "operate",
    summary: "Where a request would go with the loads of this moment, and why",
    query: NoQuery,
    body: ExplainBody,
    answers: { 200: ExplainAnswer },
  },
  getOpenApi: {
    method: "GET",
    path: "/v1/openapi.json",
    role: "read",
    summary: "This API as an OpenAPI document",
    query: NoQuery,
    answers: { 200: OpenApiAnswer },
  },
} as const satisfies Record<string, Route>;
