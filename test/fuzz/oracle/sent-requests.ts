import { membersOf, type RequestMessage } from "./message.ts";
import { persists, readRequest } from "./strict-reader.ts";

/** What a strict reader finds in all that a client sent on one connection. */
export interface Sent {
  readonly text: string;
  readonly requests: readonly RequestMessage[];
  /** What lies behind the last of them: nothing, a beginning, what is malformed, or what nobody should read any more. */
  readonly rest: "nothing" | "incomplete" | "malformed" | "unread";
  /** Why, where the rest is malformed. */
  readonly why: string;
  /** The rest, without empty lines before it. */
  readonly restText: string;
}

export function readSent(text: string): Sent {
  const requests: RequestMessage[] = [];
  for (let at = 0; ; ) {
    const restText = text.slice(at).replace(/^(?:\r\n)+/, "");
    if (restText === "") return { text, requests, rest: "nothing", why: "", restText };
    const reading = readRequest(text, at);
    if (reading.is === "incomplete") return { text, requests, rest: "incomplete", why: "", restText };
    if (reading.is === "malformed") return { text, requests, rest: "malformed", why: reading.why, restText };
    requests.push(reading.message);
    at = reading.end;
    if (!persists(reading.message))
      return { text, requests, rest: "unread", why: "", restText: text.slice(at) };
  }
}

/** The rest has a whole head: so it must be known by now whether it may go on. */
export function hasHead({ restText }: Sent): boolean {
  return restText.includes("\r\n\r\n");
}

/** The octets behind the request may be another protocol's, if the server agrees. */
export function asksForUpgrade({ fields, minor }: RequestMessage): boolean {
  return (
    minor === 1 &&
    membersOf(fields, "connection").includes("upgrade") &&
    membersOf(fields, "upgrade").length > 0
  );
}
