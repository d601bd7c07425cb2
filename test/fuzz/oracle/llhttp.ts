import wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";

/** llhttp's own functions, as undici ships them. */
export interface Llhttp {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(kind: number): number;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_get_status_code(parser: number): number;
  llhttp_method_name(method: number): number;
}

const module = new WebAssembly.Module(wasm);
const SPAN_CALLBACKS = ["url", "status", "header_field", "header_value", "body"] as const;
export type SpanCallbacks = Record<(typeof SPAN_CALLBACKS)[number], (at: number, length: number) => void>;

/** An instance that tells pieces by where they lie in its memory. */
export function newLlhttp(spans: SpanCallbacks, headEnds: () => number, messageEnds: () => number): Llhttp {
  const told = SPAN_CALLBACKS.map((name) => [
    `wasm_on_${name}`,
    (_: number, at: number, length: number) => {
      spans[name](at, length);
      return 0;
    },
  ]);
  const env = {
    ...Object.fromEntries(told),
    wasm_on_message_begin: () => 0,
    wasm_on_headers_complete: headEnds,
    wasm_on_message_complete: messageEnds,
  };
  const llhttp = new WebAssembly.Instance(module, { env }).exports as unknown as Llhttp;
  llhttp._initialize();
  return llhttp;
}
