declare module "undici/lib/llhttp/llhttp_simd-wasm.js" {
  const wasm: Buffer<ArrayBuffer>;
  export default wasm;
}

// Node.js has it; without lib.dom nothing declares it
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, (...args: number[]) => number>>);
    readonly exports: Record<string, unknown>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
}

// Node.js has it, and it spares the encoding's look-up of toString("latin1") on the hot path
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
}
