import { newLlhttp } from "./llhttp.ts";
import type { Field, Reading, RequestMessage, ResponseMessage } from "./message.ts";

/** What a parser of callbacks told of octets that should be one message: both others are built like that. */
export class Told {
  /** Octets that it read; and what it said is wrong with them. */
  end = 0;
  error: string | undefined;
  complete = false;
  readonly #length: number;
  #target = "";
  #reason = "";
  readonly #fields: Field[] = [];
  readonly #trailers: Field[] = [];
  #body = "";
  #method = 0;
  #status = 0;
  #minor = 0;
  #heads = 0;

  /** `length`: of the octets. */
  constructor(length: number) {
    this.#length = length;
  }

  get headSeen(): boolean {
    return this.#heads > 0;
  }

  /** Names and values in turn; behind the head they are trailers. */
  take(raw: readonly string[]): void {
    const into = this.#heads === 0 ? this.#fields : this.#trailers;
    for (let i = 0; i + 1 < raw.length; i += 2) into.push([raw[i] as string, trimmed(raw[i + 1] as string)]);
  }

  takeTarget(text: string): void {
    this.#target += text;
  }

  takeReason(text: string): void {
    this.#reason += text;
  }

  takeBody(text: string): void {
    this.#body += text;
  }

  headEnds(head: { minor: number; method: number; status: number; reason: string }): void {
    this.#heads++;
    this.#minor = head.minor;
    this.#method = head.method;
    this.#status = head.status;
    this.#reason += head.reason;
  }

  messageEnds(): void {
    this.complete = true;
  }

  request(): Reading<RequestMessage> {
    return this.#reading({
      method: methodName(this.#method),
      target: this.#target,
      minor: this.#minor,
      fields: this.#fields,
      content: this.#body,
      trailers: this.#trailers,
    });
  }

  response(): Reading<ResponseMessage> {
    return this.#reading({
      status: this.#status,
      reason: this.#reason,
      minor: this.#minor,
      fields: this.#fields,
      body: this.#body,
      trailers: this.#trailers,
    });
  }

  #reading<M>(message: M): Reading<M> {
    if (this.error !== undefined) return { is: "malformed", why: this.error };
    if (!this.complete) return { is: "incomplete" };
    if (this.#heads !== 1) return { is: "malformed", why: `${this.#heads} messages` };
    if (this.end !== this.#length)
      return { is: "malformed", why: `ends ${this.#length - this.end} octets early` };
    return { is: "message", message, end: this.end };
  }
}

const ignore = (): void => {};
const llhttp = newLlhttp(
  { url: ignore, status: ignore, header_field: ignore, header_value: ignore, body: ignore },
  () => 0,
  () => 0,
);

/** Node's parser is llhttp too, and has its numbers. */
function methodName(method: number): string {
  const at = llhttp.llhttp_method_name(method);
  const bytes = Buffer.from(llhttp.memory.buffer, at);
  return bytes.latin1Slice(0, bytes.indexOf(0));
}

/** They keep whitespace behind a value. */
function trimmed(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}
