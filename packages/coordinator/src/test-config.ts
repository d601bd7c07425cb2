import { DEFAULT_HEALTH, type ResolvedConfig, type ResolvedServer } from "@shunt/core";

const server = (name: string, port: number): ResolvedServer => ({
  name,
  host: "127.0.0.1",
  port,
  authority: `127.0.0.1:${port}`,
  weight: 1,
  state: "ready",
});

/** A whole configuration for tests: two pools, a rule on the cookie, all ports left to the system. */
export function testConfig(statePath: string, changes: Partial<ResolvedConfig> = {}): ResolvedConfig {
  return {
    listeners: [{ name: "web", host: "127.0.0.1", port: 0, proxyProtocol: false }],
    acceptors: 2,
    classifierThreads: 1,
    pools: [
      {
        name: "gold",
        servers: [server("g1", 9001), server("g2", 9002)],
        balance: "least-load",
        hashOn: undefined,
        share: "off",
        proxyProtocol: "off",
        sharedLoad: true,
        announcedLoad: undefined,
        health: DEFAULT_HEALTH,
      },
      {
        name: "general",
        servers: [server("s1", 9003)],
        balance: "least-load",
        hashOn: undefined,
        share: "off",
        proxyProtocol: "off",
        sharedLoad: true,
        announcedLoad: undefined,
        health: DEFAULT_HEALTH,
      },
    ],
    classes: [
      { name: "gold", pool: 0, spill: 1, bodyBytes: Number.MAX_SAFE_INTEGER },
      { name: "general", pool: 1, spill: -1, bodyBytes: Number.MAX_SAFE_INTEGER },
    ],
    rules: [
      {
        name: "gold cookie",
        when: {
          kind: "test",
          on: { fact: "cookie", name: "tier" },
          matcher: { kind: "equal", value: "gold" },
        },
        class: 0,
      },
    ],
    defaultClass: 1,
    timeouts: {
      headMs: 10_000,
      bodyIdleMs: 30_000,
      connectMs: 3_000,
      responseMs: 60_000,
      clientIdleMs: 60_000,
      serverIdleMs: 50_000,
      tunnelIdleMs: 600_000,
      tunnelMs: 0,
      drainMs: 5_000,
      classifyMs: 50,
    },
    limits: {
      headBytes: 32_768,
      fields: 128,
      targetBytes: 16_384,
      pipelineDepth: 64,
      outstandingPerServer: 1_000,
      idlePerServer: 64,
      connections: 10_000,
      connectionsPerClient: 0,
      tunnels: 16_384,
      responseBufferBytes: 262_144,
      requestBufferBytes: 262_144,
      headsBufferBytes: 8_388_608,
      bodyBytesPerSecond: 100,
      classifyBodyBytes: 16_384,
      chunkExtensionBytes: 4_096,
      trailerBytes: 8_192,
      recentExchanges: 100,
    },
    retry: { attempts: 2, budgetPercent: 20, bodyBytes: 65_536 },
    trust: { peers: [], fields: [] },
    leniency: {
      ambiguousPaths: false,
      targetOctets: false,
      hostDiffers: false,
      repeatedContentLength: false,
    },
    identity: { kind: "none" },
    log: { level: "error", access: "off" },
    admin: { host: "127.0.0.1", port: 0, tokens: [] },
    state: { kind: "embedded", path: statePath },
    ...changes,
  };
}
