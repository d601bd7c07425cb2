import type { ResolvedServer } from "./resolved.ts";

/** Where a server is, as far as its URL says. */
export type ServerAddress = Pick<ResolvedServer, "host" | "port" | "authority">;

/** The address in the URL of a server, or what is wrong with that URL. Credentials in it are not repeated. */
export function parseServerUrl(text: string): ServerAddress | { readonly problem: string } {
  const url = URL.parse(text);
  if (url === null || !/^[a-z]+:\/\/[^/\\]/i.test(text)) return { problem: "is not a URL" };
  if (url.username !== "" || url.password !== "") return { problem: "has credentials in it" };
  if (url.protocol === "https:")
    return { problem: "asks for TLS, which this version does not speak to servers" };
  if (url.protocol !== "http:")
    return { problem: `has the scheme ${JSON.stringify(url.protocol.slice(0, -1))}` };
  if (url.pathname !== "/" || /[?#]/.test(text)) return { problem: "has a path, a query or a fragment" };
  if (url.port === "0") return { problem: "has port 0" };
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? 80 : Number(url.port), authority: url.host };
}

export const SERVER_URL_EXPECTED = "http://HOST or http://HOST:PORT";
