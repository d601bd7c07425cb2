import { expect, test } from "vitest";
import { UsageError } from "./arguments.ts";
import { config } from "./config.ts";
import { HELP, helpOf } from "./help.ts";
import { setState } from "./server-state.ts";
import { status } from "./status.ts";
import { top } from "./top.ts";
import { weight } from "./weight.ts";

/** A command line that is not understood is refused in a sentence, before anything is asked or sent. */

const silent = { stdout: { write: () => {} }, stderr: { write: () => {} } };

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  status: (args) => status(args, silent),
  top,
  drain: (args) => setState("drain", args, silent),
  weight: (args) => weight(args, silent),
  config: (args) => config(args, silent),
};

test.each([
  [["status", "--token", "t"], "shunt status: Unknown option '--token'. It takes --admin, --token-file, "],
  [["drain"], "shunt drain: expected a server as POOL/SERVER, found nothing: "],
  [["drain", "gold"], 'shunt drain: expected a server as POOL/SERVER, found "gold": '],
  [["drain", "gold/g1", "gold/g2"], 'shunt drain: unexpected "gold/g2". '],
  [["weight", "gold/g1"], "shunt weight: expected a weight in 1..256, found nothing: "],
  [["weight", "gold/g1", "0"], 'shunt weight: weight: expected a whole number in 1..256, found "0".'],
  [
    ["drain", "gold/g1", "--if-match", "7"],
    "shunt drain: --if-match: expected a version as TERM-GENERATION, ",
  ],
  [
    ["config", "rollback", "1", "--if-match", "x"],
    "shunt config rollback: --if-match: expected a version as TERM-GENERATION, ",
  ],
  [["config", "fetch"], 'shunt config: expected get, put, diff, history or rollback, found "fetch"; '],
  [["status", "--admin", "ftp://x"], "shunt status: --admin: expected an address as "],
  [
    ["status", "--admin", "http://me:secret@x"],
    "shunt status: --admin: an address with credentials is not taken.",
  ],
  [["status", "--token-file", "nowhere"], 'shunt status: --token-file: cannot read "nowhere": '],
  [["top", "--interval", "1"], 'shunt top: --interval: expected a whole number in 100..60000, found "1".'],
])("shunt %j is refused", async ([name = "", ...args], said) => {
  const refusal = await COMMANDS[name]?.(args).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(UsageError);
  expect(String((refusal as UsageError).message).slice(0, said.length)).toBe(said);
});

test.each(["status", "top", "drain", "ready", "maintenance", "weight", "config", "explain"])(
  "helpOf(%j) names its options and exit codes, in lines without blanks at their ends",
  (name) => {
    const help = helpOf(name);
    expect(help).toMatch(new RegExp(`^shunt ${name} `));
    expect(help).toContain("--admin URL");
    expect(help).toContain("\nExit codes\n  0  done\n");
    expect(help).not.toMatch(/[ \t]$/m);
    expect(HELP).toMatch(new RegExp(`^ {2}shunt ${name} `, "m"));
  },
);

test.each(["up", "coordinator", "worker"])("helpOf(%j) names its options and exit codes", (name) => {
  const help = helpOf(name);
  expect(help).toMatch(new RegExp(`^shunt ${name} `));
  expect(help).toContain("--name NAME");
  expect(help).toContain("\nExit codes\n  0  ended by a signal");
  expect(HELP).toMatch(new RegExp(`^ {2}shunt ${name} `, "m"));
});
