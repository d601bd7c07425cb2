import { readFileSync } from "node:fs";
import { Acceptor } from "./acceptor.ts";
import { runAcceptorProcess } from "./control/process.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** A test hook: heads that hold this text hang the classifier thread that gets them. */
const hangOn = process.env.SHUNT_TEST_HANG_ON;

runAcceptorProcess({ version, create: (options) => new Acceptor({ ...options, hangOn }) });
