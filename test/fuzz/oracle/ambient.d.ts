/** Node's own parser, as far as the oracle uses it; undocumented (docs/decisions/0001). */
declare module "node:_http_common" {
  export class HTTPParser {
    static readonly REQUEST: number;
    static readonly RESPONSE: number;
    static readonly kOnHeaders: number;
    static readonly kOnHeadersComplete: number;
    static readonly kOnBody: number;
    static readonly kOnMessageComplete: number;
    [callback: number]: (...told: never[]) => unknown;
    initialize(kind: number, resource: object, headBytes: number, lenient: number): void;
    /** How many octets were read, or what is wrong. */
    execute(octets: Uint8Array): number | Error;
    finish(): undefined | Error;
  }
  export const methods: readonly string[];
}
