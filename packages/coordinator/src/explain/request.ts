import {
  type Address,
  type CompiledRules,
  classify,
  classOf,
  type DataPlaneConfig,
  type Facts,
  HEAD,
  HeadFacts,
  isPathAmbiguous,
  matchesCidr,
  newHeadReader,
  parseAddress,
  parseCidr,
  REFUSALS,
  REFUSE,
  type Refusal,
} from "@shunt/core";

/** A request as somebody asks about it. */
export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The client's address. */
  readonly client: string;
  /** The user as if identified; undefined is nobody. */
  readonly user: string | undefined;
}

export type FactsOrRefusal =
  | { readonly kind: "facts"; readonly facts: Facts }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/**
 * Reads the request as an acceptor would: it is written down as octets and judged by the same framing, so that what
 * an acceptor refuses is refused here as well. A Host is added where there is none.
 * @throws RangeError when the client is no address.
 */
export function readRequest(
  asked: AskedRequest,
  config: DataPlaneConfig,
  compiled: CompiledRules,
): FactsOrRefusal {
  const { names, head } = newHeadReader(config, compiled.reads);
  const octets = Buffer.from(textOf(asked), "latin1");
  head.load(octets, 0, octets.length);
  const client = addressOf(asked.client);
  const outcome = head.judge(0, octets.length, isTrusted(client, config));
  if (outcome === HEAD.COMPLETE && head.end === octets.length) {
    const facts = new HeadFacts(head, names).of(client, asked.user);
    return isAmbiguous(facts, config, compiled) ? AMBIGUOUS : { kind: "facts", facts };
  }
  // A line break inside a field ends the head early: to an acceptor these would be two messages.
  const refusal = outcome === HEAD.REFUSED ? REFUSALS[head.refusal] : undefined;
  return { kind: "refused", refusal: refusal ?? SPLIT };
}

const SPLIT: Refusal = {
  rule: "field-line",
  status: 400,
  source: "RFC 9112 5",
  expected: "fields and a target without line breaks",
};

function textOf({ method, target, headers }: AskedRequest): string {
  const named = headers.some(([name]) => name.toLowerCase() === "host");
  const fields = named ? headers : [["Host", hostOf(target)] as const, ...headers];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The authority of a target in absolute-form, which Host has to agree with. */
function hostOf(target: string): string {
  return /^http:\/\/([^/?#]+)/i.exec(target)?.[1] ?? "localhost";
}

function isTrusted(client: Address, { trust }: DataPlaneConfig): boolean {
  return trust.peers.some((text) => {
    const cidr = parseCidr(text);
    return cidr !== undefined && matchesCidr(client, cidr);
  });
}

const AMBIGUOUS: FactsOrRefusal = {
  kind: "refused",
  refusal: REFUSALS[REFUSE.TARGET_AMBIGUOUS] as Refusal,
};

function isAmbiguous(facts: HeadFacts, { leniency }: DataPlaneConfig, compiled: CompiledRules): boolean {
  if (!compiled.reads.path || leniency.ambiguousPaths) return false;
  const classNow = (): number => classOf(classify(facts, compiled), compiled);
  return isPathAmbiguous(facts, classNow(), classNow);
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`Expected an address as client, found "${text}"`);
  return address;
}
