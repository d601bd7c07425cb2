import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pathOf } from "./files.ts";

const UNITS = readdirSync(pathOf("infra/systemd")).filter((name) => name.endsWith(".service"));
const installed = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** The units as they are, but for the program: that is installed somewhere else here. */
function units(change: (text: string) => string = (text) => text): string[] {
  const directory = mkdtempSync(join(tmpdir(), "shunt-units-"));
  mkdirSync(directory, { recursive: true });
  return UNITS.map((name) => {
    const path = join(directory, name);
    cpSync(join(pathOf("infra/systemd"), name), path);
    const text = readFileSync(path, "utf8").replaceAll("/opt/shunt/", pathOf(""));
    writeFileSync(path, change(text));
    return path;
  });
}

test("there is a unit for a host alone, for a coordinator and for a worker", () => {
  expect(UNITS.sort()).toEqual(["shunt-coordinator.service", "shunt-worker.service", "shunt.service"]);
});

test.skipIf(!installed)("the units are as systemd has them (needs systemd-analyze: Debian's systemd)", () => {
  expect(verify(units())).toEqual([]);
});

test.skipIf(!installed)("a unit with a setting that there is not is refused (needs systemd-analyze)", () => {
  expect(verify(units((text) => text.replace("KillMode=process", "KillMode=gently")))).not.toEqual([]);
});

test.skipIf(!installed)(
  "a unit may do no more than it needs: exposure below 3 (needs systemd-analyze)",
  () => {
    for (const unit of units()) {
      const report = execFileSync("systemd-analyze", ["security", "--offline=true", unit], {
        encoding: "utf8",
      });
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
      expect(exposure).toBeLessThan(3);
    }
  },
);

/** What systemd says of these units; of those of this machine it may say what it likes. */
function verify(paths: readonly string[]): string[] {
  const { stderr } = spawnSync("systemd-analyze", ["verify", ...paths], { encoding: "utf8" });
  return stderr.split("\n").filter((line) => line.includes("shunt"));
}
