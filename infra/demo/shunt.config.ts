import { defineConfig } from "shunt/config";

// What `npm start` serves by. Four sample servers stand behind it: two quick ones for requests that carry the cookie
// tier=gold, and two slower ones for all others.
export default defineConfig({
  listeners: { web: { host: "127.0.0.1", port: 8080 } },
  acceptors: 2,
  pools: {
    gold: {
      servers: { g1: { url: "http://127.0.0.1:9001" }, g2: { url: "http://127.0.0.1:9002" } },
    },
    general: {
      servers: { s1: { url: "http://127.0.0.1:9003" }, s2: { url: "http://127.0.0.1:9004" } },
    },
  },
  classes: { gold: { pool: "gold", spill: "general" }, general: { pool: "general" } },
  rules: [{ name: "gold cookie", when: { cookie: { tier: "gold" } }, class: "gold" }],
  defaultClass: "general",
  log: { level: "error", access: "shunt.config.ts.state/access.log" },
  admin: { host: "127.0.0.1", port: 7070 },
});
