import { userInfo } from "node:os";
import type { Lane } from "../lane.ts";
import type { Configuration } from "../schema.ts";
import { versionOf } from "./installed.ts";
import { startPeer } from "./peer-process.ts";
import type { Target } from "./target.ts";
import { timeoutsOf } from "./timeouts.ts";

export const nginx: Target = {
  name: "nginx",
  version: () => versionOf("nginx", ["-v"], /nginx\/[\d.]+/)?.replace("/", " "),
  start: (config, lanes) =>
    startPeer("nginx", "nginx.conf", (file, directory) => ["-p", directory, "-c", file], {
      ...timeoutsOf(config),
      user: userInfo().username,
      routes: lanes
        .map(({ name, client, trustedPeer }) => `        ${client} ${name};\n        ${trustedPeer} ${name};`)
        .join("\n"),
      backends: lanes.map((lane) => group(config, lane)).join("\n\n"),
    }),
};

function group({ pool }: Configuration, { name, servers }: Lane): string {
  const balance = pool.balance === "round-robin" ? [] : ["        least_conn;"];
  const lines = servers.map(({ port }) => `        server 127.0.0.1:${port};`);
  return [`    upstream ${name} {`, ...balance, ...lines, "        keepalive 16;", "    }"].join("\n");
}
