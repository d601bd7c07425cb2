import { FIXED } from "../../../packages/core/src/config/defaults.ts";
import { isAuthority } from "../../../packages/core/src/http/authority.ts";
import { allCookies, cookieValues } from "../../../packages/core/src/http/cookie.ts";
import { normalisePath, pathForMatching } from "../../../packages/core/src/http/path.ts";
import { pathReadings } from "../../../packages/core/src/http/path-readings.ts";
import { allQueryValues, queryValues } from "../../../packages/core/src/http/query.ts";
import { require, type Target } from "../engine/target.ts";

/** What rules read in a target, in cookies and in an authority. */
export class PathsTarget implements Target {
  readonly name = "paths";
  readonly claim =
    "path, query, cookies and authority: read once or again, one by one or all at once, they say the same";
  readonly seeds = [
    "/a/./b/../c%2e%2E/%2f//%41?x=1&y=%20+&x",
    "/%252f%5c\\..;x/%00/%",
    'a=b; c="d"; ; e; a=f',
    "[::1]:8080",
    "example.com:80",
  ];
  readonly dictionary = [
    ...'/ .. . // %2f %2F %5c \\ %00 %25 %2e ..; ; ? # = & + " [ ] : %c3%a4 %zz %'.split(" "),
    "\xc3\xa4",
    "\x80",
  ];
  readonly maxBytes = 256;
  readonly weight = 1;

  run(octets: Buffer): string {
    const text = octets.toString("latin1");
    const readings = checkPath(`/${text}`);
    checkValues(text);
    const authority = isAuthority(octets, 0, octets.length);
    if (authority) checkAuthority(text);
    return `${readings} ${authority}`;
  }
}

function checkPath(raw: string): number {
  const path = pathForMatching(raw);
  const again = pathForMatching(path);
  const readings = pathReadings(raw);
  const says = (): string => `path ${JSON.stringify(raw)} becomes ${JSON.stringify(path)}`;
  require(path.startsWith("/"), says);
  require(again === path, () => `${says()}, and when it is read again ${JSON.stringify(again)}`);
  if (readings !== undefined) checkReadings(readings, path, says);
  if (PLAIN.test(raw)) checkPlainPath(raw, path);
  return readings?.length ?? 0;
}

function checkReadings(readings: readonly string[], path: string, says: () => string): void {
  const [usual] = readings;
  const bytes = readings.reduce((sum, { length }) => sum + length, 0);
  require(usual === path, () => `${says()}, and the usual reading is ${JSON.stringify(usual)}`);
  require(readings.length <= FIXED.pathReadings, () => `${says()}, and has ${readings.length} readings`);
  require(bytes <= FIXED.pathReadingBytes, () => `${says()}, and its readings have ${bytes} octets`);
  require(new Set(readings).size === readings.length, () => `${says()}, and has a reading twice`);
  for (const reading of readings)
    require(normalisePath(reading) === reading, () => `${says()}, and a reading is spelled ${reading}`);
}

/** Of segments that nobody spells in another way, and of dots. */
const PLAIN = /^\/(?!\/)[A-Za-z0-9./-]*$/;

/** Whoever reads a URL removes the same dot segments. */
function checkPlainPath(raw: string, path: string): void {
  const { pathname } = new URL(`http://a${raw}`);
  require(path === pathname, () => `path ${JSON.stringify(raw)} becomes "${path}", and "${pathname}" to URL`);
}

function checkValues(text: string): void {
  for (const [what, all, one] of [
    ["cookie", allCookies([text]), (name: string) => cookieValues([text], name)],
    ["parameter", allQueryValues(text), (name: string) => queryValues(text, name)],
  ] as const) {
    for (const name of all.names) {
      const [a, b] = [JSON.stringify(all.get(name)), JSON.stringify(one(name))];
      require(a === b, () => `${what} ${JSON.stringify(name)}: ${a} among all, ${b} alone`);
    }
    require(all.names.includes("a") || one("a").length === 0, () =>
      `${what} "a" is there alone, and not among all`);
  }
}

/** Whoever reads a URL reads the same host. */
function checkAuthority(text: string): void {
  const url = URL.parse(`http://${text}/`);
  const isHost = /^[a-z0-9.-]+(?::|$)/i.test(text);
  if (url === null || !isHost) return;
  const [host] = text.toLowerCase().split(":");
  const isNumber = /^[0-9.]+$|^0x/.test(host ?? "") || /\.(?:\d+|0x[0-9a-f]*)\.?$/.test(host ?? "");
  require(url.username === "" && (isNumber || url.hostname === host), () =>
    `${text}: host ${url.hostname} to URL`);
}
