/** http-proxy-3 with a keep-alive agent, without which it opens a server connection per request. */
import { Agent, ServerResponse } from "node:http";
import { createProxyServer } from "http-proxy-3";
import { addForwardingFields, nextRequestId, selectServer, serve, track } from "./node-opponent.ts";

const VIA = "1.1 http-proxy-3";
const proxy = createProxyServer({ agent: new Agent({ keepAlive: true, maxFreeSockets: 1024 }) });

proxy.on("error", (_error, _request, response) => {
  if (!(response instanceof ServerResponse)) return;
  if (!response.headersSent) response.writeHead(502);
  response.end();
});

serve((request, response) => {
  const server = selectServer(request.headers.cookie);
  const id = nextRequestId();
  track(request, response, server, id);
  addForwardingFields(request.headers, VIA, id, request.socket.remoteAddress);
  response.setHeader("via", VIA);
  proxy.web(request, response, { target: server.url });
});
