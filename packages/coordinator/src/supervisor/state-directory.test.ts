import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Household } from "./household.ts";
import { Log } from "./log.ts";
import { startTimeOf } from "./start-time.ts";
import { StateDirectory, writeAtomically } from "./state-directory.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "shunt-state-"));
});

afterEach(() => rmSync(root, { recursive: true }));

test("StateDirectory.take() makes the directory private and tells who holds it", () => {
  const path = join(root, "deep", "state");
  const taken = StateDirectory.take(path);
  expect((statSync(path).mode & 0o777).toString(8)).toBe("700");
  expect(readFileSync(join(path, "supervisor.pid"), "utf8")).toBe(`${process.pid}\n`);
  expect(() => StateDirectory.take(path)).toThrow(
    `a Shunt runs with it already (supervisor pid ${process.pid})`,
  );
  taken.release();
  StateDirectory.take(path).release();
});

test("StateDirectory.take() refuses a symbolic link", () => {
  mkdirSync(join(root, "real"), { mode: 0o700 });
  symlinkSync(join(root, "real"), join(root, "link"));
  expect(() => StateDirectory.take(join(root, "link"))).toThrow("a symbolic link is none");
});

test("Household finds who is alive, and takes a pid with another start time for a stranger", () => {
  const path = join(root, "household.json");
  const startTime = startTimeOf(process.pid) ?? "";
  const member = { role: "acceptor", pid: process.pid, startTime, addresses: ["127.0.0.1:1"] };
  const another = { ...member, startTime: `${startTime}0` };
  const broken = [{ ...member, pid: "7" }, { ...member, role: "king" }, 5, null];
  writeAtomically(path, JSON.stringify([member, another, ...broken]));
  expect(new Household(path, new Log("silent")).orphans).toEqual([member]);
});

test("Household starts empty from a file that cannot be read as one", () => {
  const path = join(root, "household.json");
  writeAtomically(path, '[{"role":"acceptor","pid":');
  expect(new Household(path, new Log("silent")).orphans).toEqual([]);
});
