// Ends with 0 when what SHUNT_HEALTH names answers: an address of the admin API, or tcp://HOST:PORT, which is to accept.
import { connect } from "node:net";

const PATIENCE_MS = 2_000;
const { protocol, hostname, port, href } = new URL(process.env.SHUNT_HEALTH ?? "");
const patience = setTimeout(() => fail("no answer in time"), PATIENCE_MS);

if (protocol === "tcp:") {
  connect({ host: hostname, port: Number(port) })
    .on("connect", pass)
    .on("error", ({ message }) => fail(message));
} else {
  fetch(href).then(
    ({ ok, status }) => (ok ? pass() : fail(`it answers ${status}`)),
    ({ message, cause }) => fail(cause?.message ?? message),
  );
}

function pass() {
  clearTimeout(patience);
  process.exit(0);
}

function fail(reason) {
  console.error(`${href}: ${reason}`);
  process.exit(1);
}
