import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { Acceptor } from "./acceptor.ts";
import "./classify/thread.ts";
import { runAcceptorProcess } from "./control/process.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** A test hook: heads that hold this text hang the classifier thread that gets them. */
const hangOn = process.env.SHUNT_TEST_HANG_ON;

// Everything is loaded by now; the supervisor wants no more of its first child than the compiled code that it leaves.
if (process.argv.includes("--compile-only")) flushCompileCache();
else runAcceptorProcess({ version, create: (options) => new Acceptor({ ...options, hangOn }) });
