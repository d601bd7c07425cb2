import {
  encodeAnnouncement,
  type Fence,
  PUBLICATION_KINDS,
  type Publication,
  type PublicationVersion,
  versionText,
} from "@shunt/core";

type Kind = Publication["kind"];

/** What is to be written, or was. */
export interface Written {
  readonly kind: Kind;
  /** Of the leader that published it. */
  readonly fence: Fence;
  readonly version: PublicationVersion;
  readonly announcement: string;
}

/**
 * The last publication of each kind, from the moment at which it is made: to be written, being written, written. While it
 * cannot be written a later one takes its place, so nothing queues.
 */
export class Publications {
  readonly #waiting = new Map<Kind, Written>();
  readonly #writing = new Map<Kind, Written>();
  readonly #written = new Map<Kind, Written>();
  #number = 0;

  add(publication: Publication, fence: Fence): void {
    const { kind } = publication;
    this.#number += 1;
    const version =
      publication.kind === "snapshot"
        ? { term: publication.snapshot.term, number: publication.snapshot.generation }
        : { term: fence.term, number: this.#number };
    const announcement = encodeAnnouncement({ ...version, publication });
    this.#waiting.set(kind, { kind, fence, version, announcement });
  }

  /** Those that may be written now; each has to be settled. */
  begin(): readonly Written[] {
    const next = [...this.#waiting.values()].filter(({ kind }) => !this.#writing.has(kind));
    for (const written of next) {
      this.#waiting.delete(written.kind);
      this.#writing.set(written.kind, written);
    }
    return next;
  }

  /** @param became `lost`: it may not have been written, and is written again unless a later one waits. */
  settle(written: Written, became: "written" | "refused" | "lost"): void {
    const { kind } = written;
    this.#writing.delete(kind);
    if (became === "written") this.#written.set(kind, written);
    if (became === "refused") this.#written.delete(kind);
    if (became === "lost" && !this.#waiting.has(kind)) this.#waiting.set(kind, written);
  }

  /** What was published by whoever does not lead any more is not written again. */
  forget(): void {
    this.#waiting.clear();
    this.#written.clear();
  }

  /**
   * What was written and does not lie there any more is to be written again.
   * @param versions what stands in Redis, by kind. @param lengths of what lies there, in octets, in the order of
   *   PUBLICATION_KINDS. @returns the kinds that were missing.
   */
  missing(versions: ReadonlyMap<string, string>, lengths: readonly number[]): readonly Kind[] {
    const missing = PUBLICATION_KINDS.filter((kind, at) => {
      const written = this.#written.get(kind);
      if (written === undefined || this.#writing.has(kind) || this.#waiting.has(kind)) return false;
      // A table of loads expires by itself.
      const isWhole = kind === "load" || lengths[at] === Buffer.byteLength(written.announcement);
      return !isWhole || versions.get(kind) !== versionText(written.version);
    });
    for (const kind of missing) this.#waiting.set(kind, this.#written.get(kind) as Written);
    return missing;
  }
}
