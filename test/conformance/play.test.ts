import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Lane } from "./lane.ts";
import { play } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import { type Step, scenarioFile } from "./schema.ts";

/** The runner itself, before a proxy that hands every octet on as it is: so it knows what a scenario has to notice. */

let relay: Server;
let lane: Lane;
const sockets = new Set<Socket>();

beforeAll(async () => {
  lane = await Lane.open(0, 1);
  relay = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect({ host: "127.0.0.1", port: lane.server("a").port, allowHalfOpen: true });
    for (const socket of [client, server]) sockets.add(socket.on("error", () => {}));
    client.pipe(server).pipe(client);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  relay.close();
  await lane[Symbol.asyncDispose]();
});

function scenario(steps: string): Scenario {
  const text = `about: One.\nscenarios: [ { name: one, rfc: RFC 9112 3, level: must, why: One., steps: [ ${steps} ] } ]`;
  const written = scenarioFile.parse(parse(text)).scenarios[0]?.steps as readonly Step[];
  return {
    name: "one",
    file: "f",
    rfc: "",
    level: "must",
    why: "",
    config: "plain",
    peers: false,
    steps: written,
  };
}

/** Why a scenario failed; undefined when it passed. */
async function reasonOf(...steps: string[]): Promise<string | undefined> {
  const { port } = relay.address() as AddressInfo;
  const proxy = { host: "127.0.0.1", port, measure: "letter" } as const;
  return (await play(scenario(steps.join(", ")), lane, proxy))?.reason;
}

const ASKS = String.raw`client sends: "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"`;
const GETS = "server gets: { target: /x, fields: { host: a, via: null } }";
const ANSWERS = "server answers: ok";
const GOT = "client gets: { status: 200, fields: { content-length: '2' }, body: ok }";

describe("play()", () => {
  test("passes what happens as it is expected", async () => {
    expect(await reasonOf(ASKS, GETS, ANSWERS, GOT)).toBeUndefined();
  });

  test.each([
    ["another target", [ASKS, GETS.replace("/x", "/y"), ANSWERS, GOT], 'expected target "/y"'],
    [
      "a field that should be absent",
      [ASKS, GETS.replace("host: a", "host: null")],
      "field host to be absent",
    ],
    ["another status", [ASKS, GETS, ANSWERS, GOT.replace("200", "400")], "expected status 400; found 200"],
    [
      "other content",
      [ASKS, GETS, ANSWERS, GOT.replace("body: ok", "body: no")],
      'expected the content "no"',
    ],
    ["a request at a server that nobody expected", [ASKS], "nobody expected"],
    ["an answer that nobody expected", [ASKS, GETS, ANSWERS], 'client a: nobody expected "HTTP/1.1 200'],
    [
      "another request behind the one that is expected",
      [
        ASKS.replace(String.raw`\r\n\r\n`, String.raw`\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`),
        GETS,
        ANSWERS,
        GOT,
      ],
      'nobody expected "GET /smuggled',
    ],
    [
      "octets behind an answer",
      [ASKS, GETS, String.raw`server sends: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokX"`, GOT],
      'nobody expected "X"',
    ],
    ["a request while none is expected", [ASKS, "server gets nothing"], "nobody expected"],
    [
      "a connection that stays open",
      [ASKS, GETS, ANSWERS, GOT, "client connection closes"],
      "expected the end",
    ],
    [
      "a reset where a close in order is expected",
      [ASKS, GETS, "server resets", "client connection closes"],
      "expected",
    ],
    [
      "content that breaks off",
      [
        ASKS,
        GETS,
        String.raw`server sends: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"`,
        "server closes",
        "client gets: { status: 200 }",
      ],
      "expected all of the content",
    ],
    [
      "a field line that is folded",
      [
        ASKS,
        GETS,
        String.raw`server sends: "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"`,
        "client gets: { status: 200 }",
      ],
      "expected a field line",
    ],
    [
      "a line that ends with LF alone",
      [
        ASKS,
        GETS,
        String.raw`server sends: "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"`,
        "client gets: { status: 200 }",
      ],
      "expected a line with CR LF",
    ],
    [
      "an answer with two framings",
      [
        ASKS,
        GETS,
        String.raw`server sends: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"`,
        "client gets: { status: 200 }",
      ],
      "two framings",
    ],
    [
      "a request of HTTP/1.0 where nothing is said of versions",
      [ASKS.replace("HTTP/1.1", "HTTP/1.0"), GETS],
      'expected version "HTTP/1.1"',
    ],
  ])("tells of %s", async (_, steps, reason) => {
    expect(await reasonOf(...steps)).toContain(reason);
  });

  test("passes a whole request as no part of one only when it breaks off", async () => {
    const part = String.raw`client sends: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"`;
    expect(await reasonOf(part, "server gets nothing")).toContain("nobody expected");
    expect(
      await reasonOf(part, "wait: 30", "client half-closes", "server gets no whole request"),
    ).toBeUndefined();
    expect(await reasonOf(ASKS, "wait: 30", "server gets no whole request")).toContain(
      "nobody expected a whole",
    );
  });
});
