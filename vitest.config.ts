import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** For the processes that tests start: hundreds of them, which would compile the same code each. */
const env = { NODE_COMPILE_CACHE: join(tmpdir(), "shunt-test-compile-cache") };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          root: import.meta.dirname,
          env,
          include: ["packages/*/src/**/*.test.ts"],
          // A thread that had sockets over handles of its own may never end: Node.js waits in vain for its requests.
          pool: "forks",
          // Nothing of a file is left for the next one, and a process for each costs twice what its tests do.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "system",
          root: import.meta.dirname,
          env,
          include: ["test/**/*.test.ts"],
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They wait for time limits and for starts of processes more than they compute.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    reporters: ["default", "./test/support/count-reporter.ts"],
    coverage: { provider: "v8", include: ["packages/*/src/**/*.ts"], exclude: ["**/*.test.ts"] },
  },
});
