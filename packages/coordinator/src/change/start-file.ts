import type { FromFile } from "./first-configuration.ts";

/** The configuration file that a coordinator was started with. It has its say once, at the start, and then no more. */
export class StartFile {
  readonly file: FromFile;
  #isConsidered = false;

  constructor(file: FromFile) {
    this.file = file;
  }

  /** Undefined once it had its say. */
  get unconsidered(): FromFile | undefined {
    return this.#isConsidered ? undefined : this.file;
  }

  considered(): void {
    this.#isConsidered = true;
  }
}
