import { require, shown } from "../engine/target.ts";
import { checkAnswered, checkResponseReaders } from "../oracle/answered.ts";
import { type Reading, type ResponseMessage, valuesOf } from "../oracle/message.ts";
import { readResponse } from "../oracle/strict-reader.ts";
import type { Seen } from "../yard/good-server.ts";

/** What is asked, and whether the server closes behind its answer. The first octet of an input chooses. */
export interface Scene {
  readonly method: string;
  readonly minor: number;
  readonly upgrade: boolean;
  readonly closes: boolean;
}

/** What a strict reader makes of all that the server sent. */
export interface Script {
  readonly interim: number;
  readonly final: Reading<ResponseMessage>;
  /** Octets that belong to no response. */
  readonly surplus: boolean;
}

export interface Outcome {
  readonly text: string;
  readonly ending: "fin" | "reset" | undefined;
  /** The final response that the client got. */
  readonly final: Reading<ResponseMessage>;
  readonly interim: number;
}

export function sceneOf(octet: number): Scene {
  const upgrade = (octet & 12) === 12;
  return {
    method: (octet & 3) === 3 && !upgrade ? "HEAD" : (octet & 3) === 2 && !upgrade ? "POST" : "GET",
    minor: (octet & 12) === 8 ? 0 : 1,
    upgrade,
    closes: (octet & 16) !== 0,
  };
}

export function requestOf({ method, minor, upgrade }: Scene): Buffer {
  const more = upgrade ? "Connection: upgrade\r\nUpgrade: websocket\r\n" : "";
  const kept = minor === 0 ? "Connection: keep-alive\r\n" : "";
  return Buffer.from(`${method} /first HTTP/1.${minor}\r\nHost: a\r\n${kept}${more}\r\n`);
}

/** Interim responses, a final one, and what lies behind it. 101 is final to whoever asked for it. */
export function readScript(text: string, { method, closes }: Scene): Script {
  let interim = 0;
  for (let at = 0; ; interim++) {
    const reading = readResponse(text, method, closes, at);
    if (reading.is !== "message") return { interim, final: reading, surplus: false };
    const { status } = reading.message;
    if (status >= 200 || status === 101)
      return { interim, final: reading, surplus: reading.end < text.length };
    at = reading.end;
  }
}

export function outcomeOf({ text, ending }: Pick<Outcome, "text" | "ending">, { method }: Scene): Outcome {
  const { interim, final } = readScript(text, {
    method,
    minor: 1,
    upgrade: false,
    closes: ending === "fin",
  });
  return { text, ending, interim, final };
}

/** Throws if the client got what the server did not say, or took something broken for a whole. */
export function checkOutcome(
  { final, text, ending }: Outcome,
  scene: Scene,
  script: Script,
  seen: readonly Seen[],
): void {
  require(final.is !== "malformed", () => `the client got what is no response: ${shown(text)}`);
  if (final.is === "incomplete") return;
  const got = final.message;
  const own = text.slice(0, final.end);
  if (got.status >= 200) {
    const last = own.slice(lastHeadAt(own, scene.method, ending === "fin"));
    checkResponseReaders(got, last, scene.method, ending === "fin");
  }
  if (isOwn(got)) return;
  const [asked] = valuesOf(got.fields, "x-asked");
  if (seen.length > 0 && asked === seen[0]?.id) return;
  require(script.final.is === "message", () =>
    `the client got a whole response where the server's was ${script.final.is}: ${shown(text)}`);
  require(got.status !== 101 || scene.upgrade, () => "101 that nobody asked for");
  if (got.status !== 101) checkAnswered(script.final.message, got, text, scene.minor);
}

/** Where the last message begins: behind interim ones. */
function lastHeadAt(text: string, method: string, ended: boolean): number {
  for (let at = 0; ; ) {
    const reading = readResponse(text, method, ended, at);
    if (reading.is !== "message" || reading.message.status >= 200) return at;
    at = reading.end;
  }
}

/** An answer of Shunt's own. */
export function isOwn({ fields }: ResponseMessage): boolean {
  return valuesOf(fields, "proxy-status").some((status) => status.startsWith("shunt; error="));
}
