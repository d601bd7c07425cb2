/** One write, as Node's C++ side knows it. */
export interface WriteWrap {
  oncomplete: (this: this, status: number) => void;
}

/** What Node's own streams are made of. */
export interface StreamWrap {
  readonly WriteWrap: new () => WriteWrap;
  /** What the last call, or the last event, found out, by index. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  /** Octets that were read; 0 is none, and less is the negative number of an error. */
  readonly kReadBytesOrError: number;
}

/** Undocumented (decision 0017): undefined where it is not to be had, or is not what it was. */
export const streamWrap = bound();

function bound(): StreamWrap | undefined {
  try {
    const found = (process as unknown as { binding(name: string): Partial<StreamWrap> }).binding(
      "stream_wrap",
    );
    const isKnown =
      typeof found.WriteWrap === "function" &&
      found.streamBaseState instanceof Int32Array &&
      typeof found.kLastWriteWasAsync === "number" &&
      typeof found.kReadBytesOrError === "number";
    return isKnown ? (found as StreamWrap) : undefined;
  } catch {
    return undefined;
  }
}
