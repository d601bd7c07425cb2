/** @fastify/http-proxy over its undici agent, Fastify's own request logging replaced by the line that all opponents write. */
import httpProxy from "@fastify/http-proxy";
import Fastify, { type FastifyRequest } from "fastify";
import {
  addForwardingFields,
  listenOptions,
  nextRequestId,
  type OpponentServer,
  ready,
  selectServer,
  track,
} from "./node-opponent.ts";

const VIA = "1.1 fastify-http-proxy";
const fastify = Fastify({ logger: false, keepAliveTimeout: 60_000, genReqId: nextRequestId });
const selected = new WeakMap<object, OpponentServer>();

fastify.addHook("onRequest", (request, reply, done) => {
  const server = selectServer(request.headers.cookie);
  selected.set(request.raw, server);
  track(request.raw, reply.raw, server, request.id);
  done();
});

fastify.register(httpProxy, {
  upstream: "",
  disableRequestLogging: true,
  undici: { connections: 128, pipelining: 1, keepAliveTimeout: 50_000 },
  replyOptions: {
    getUpstream: (request: object) => selected.get((request as FastifyRequest).raw)?.url.origin ?? "",
    rewriteRequestHeaders(request, headers) {
      addForwardingFields(headers, VIA, String(request.id), request.ip);
      return headers;
    },
    rewriteHeaders(headers) {
      headers.via = VIA;
      delete headers.connection;
      delete headers["keep-alive"];
      return headers;
    },
  },
});

await fastify.listen(listenOptions);
ready();
