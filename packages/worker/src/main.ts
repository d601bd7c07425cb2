import { readFileSync } from "node:fs";
import { Acceptor } from "./acceptor.ts";
import { runAcceptorProcess } from "./control/process.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

runAcceptorProcess({ version, create: (options) => new Acceptor(options) });
