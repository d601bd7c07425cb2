import type { ShuntOptions } from "../../../packages/core/src/config/options.ts";
import { goldAndGeneral } from "../../support/shunt.ts";
import { HOST, type ServerPorts } from "../loopback.ts";

type Rule = NonNullable<ShuntOptions["rules"]>[number];

/**
 * `count` rules, of which the first has the gold cookie of the load and the last changes with `version`; between them the mix
 * of classify.bench.ts, 70 % host and path, 20 % cookie or header, 9 % CIDR, 1 % expression or absence.
 */
export function configurationOf(ports: ServerPorts, count: number, version: number): Partial<ShuntOptions> {
  const server = (name: keyof ServerPorts) => ({ name, url: `http://${HOST}:${ports[name]}` });
  const options = goldAndGeneral([server("g1"), server("g2")], [server("s1"), server("s2")]);
  const between = Array.from({ length: count - 2 }, (_, n): Rule => {
    return { name: `rule ${n}`, when: condition(n), class: n % 2 === 0 ? "gold" : "general" };
  });
  const last: Rule = { name: "last", when: { header: { "x-version": `${version}` } }, class: "gold" };
  return { ...options, rules: [...(options.rules ?? []), ...between, last] };
}

function condition(n: number): Rule["when"] {
  const place = (n * 37) % 100;
  if (place < 70)
    return { host: `site-${n % 3_000}.example`, path: { prefix: `/service-${Math.floor(n / 3_000)}/` } };
  if (place < 80) return { cookie: { [`flag-${n % 200}`]: `v${n}` } };
  if (place < 90) return { header: { "x-tenant": `tenant-${n}` } };
  if (place < 99) return { client: `10.${n >> 8}.${n & 255}.0/${n % 2 === 0 ? 24 : 26}` };
  if (n % 200 < 100) return { path: { regex: `^/report-${n}/[0-9]+\\.(csv|pdf)$` } };
  return { cookie: { session: false }, path: { prefix: `/signup-${n}/` } };
}
