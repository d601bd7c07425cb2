import {
  type Address,
  type CompiledRules,
  ContentFacts,
  classify,
  classifyHead,
  classOf,
  type DataPlaneConfig,
  DEPENDS,
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
  /** Its content, without chunks; undefined is none, or content that is not shown where a header field speaks of it. */
  readonly body?: Uint8Array | undefined;
}

export type FactsOrRefusal =
  | {
      readonly kind: "facts";
      readonly facts: Facts;
      /** An acceptor waits for the content before it decides. */
      readonly waits: boolean;
      /** There is content, or there will be, and no rule that looks at it is told anything. */
      readonly contentUnknown: boolean;
    }
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
    const content = new ContentFacts(compiled.reads.bodies);
    const facts = new HeadFacts(head, names, content).of(client, asked.user);
    const begin = (): void => content.begin(head, facts, config.limits.classifyBodyBytes);
    begin();
    const waits = classifyHead(facts, content, compiled) === DEPENDS;
    begin();
    if (content.isUnread) takeContent(content, asked.body);
    if (isAmbiguous(facts, config, compiled)) return AMBIGUOUS;
    return { kind: "facts", facts, waits, contentUnknown: content.isUnknown };
  }
  // A line break inside a field ends the head early: to an acceptor these would be two messages.
  const refusal = outcome === HEAD.REFUSED ? REFUSALS[head.refusal] : undefined;
  return { kind: "refused", refusal: refusal ?? SPLIT };
}

function takeContent(content: ContentFacts, body: Uint8Array | undefined): void {
  if (body === undefined) content.giveUp();
  else content.read(body);
}

const SPLIT: Refusal = {
  rule: "field-line",
  status: 400,
  source: "RFC 9112 5",
  expected: "fields and a target without line breaks",
};

function textOf({ method, target, headers, body }: AskedRequest): string {
  const isNamed = (field: string): boolean => headers.some(([name]) => name.toLowerCase() === field);
  const fields = isNamed("host") ? [...headers] : [["Host", hostOf(target)] as const, ...headers];
  const isFramed = isNamed("content-length") || isNamed("transfer-encoding");
  if (body !== undefined && !isFramed) fields.push(["Content-Length", String(body.length)]);
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
