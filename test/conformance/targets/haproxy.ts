import type { Lane } from "../lane.ts";
import type { Configuration } from "../schema.ts";
import { versionOf } from "./installed.ts";
import { startPeer } from "./peer-process.ts";
import type { Target } from "./target.ts";
import { timeoutsOf } from "./timeouts.ts";

export const haproxy: Target = {
  name: "haproxy",
  version: () => versionOf("haproxy", ["-v"], /HAProxy version [\d.]+/)?.replace(" version", ""),
  start: (config, lanes) =>
    startPeer("haproxy", "haproxy.cfg", (file) => ["-db", "-f", file], {
      ...timeoutsOf(config),
      routes: lanes
        .map((lane) => `    use_backend ${lane.name} if { src ${lane.client} ${lane.trustedPeer} }`)
        .join("\n"),
      backends: lanes.map((lane) => backend(config, lane)).join("\n\n"),
    }),
};

function backend({ pool }: Configuration, { name, servers }: Lane): string {
  const balance = pool.balance === "round-robin" ? "roundrobin" : "leastconn";
  const lines = servers.map((server) => `    server ${server.name} 127.0.0.1:${server.port}`);
  return [`backend ${name}`, `    balance ${balance}`, ...lines].join("\n");
}
