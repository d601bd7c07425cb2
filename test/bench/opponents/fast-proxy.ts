/** fast-proxy over undici, which its documentation says is 20 to 50 % faster than its default. */
import fastProxy from "fast-proxy";
import { addForwardingFields, nextRequestId, selectServer, serve, servers, track } from "./node-opponent.ts";

const VIA = "1.1 fast-proxy";

// One instance per server, because each has one base address. No pipelining towards the servers: the ten deep
// pipelines of its documentation would let a slow answer hold up nine others.
const proxies = new Map(
  servers.map((server) => [
    server,
    fastProxy({
      base: server.url.origin,
      undici: { connections: 128, pipelining: 1, keepAliveTimeout: 50_000 },
    }),
  ]),
);

serve((request, response) => {
  const server = selectServer(request.headers.cookie);
  const id = nextRequestId();
  track(request, response, server, id);
  proxies.get(server)?.proxy(request, response, request.url ?? "/", {
    rewriteRequestHeaders(_request, headers) {
      addForwardingFields(headers, VIA, id, request.socket.remoteAddress);
      // undici refuses to be told about its own connection
      delete headers.connection;
      return headers;
    },
    rewriteHeaders(headers) {
      headers.via = VIA;
      delete headers.connection;
      delete headers["keep-alive"];
      return headers;
    },
  });
});
