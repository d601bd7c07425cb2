/** How commands end. Scripts depend on these numbers: they do not change. 2 is left to the shell. */
export const EXIT = Object.freeze({
  done: 0,
  /** Refused, or a mistake: in the command line, in a file, in what was asked for. */
  refused: 1,
  /** The admin API cannot be reached, does not answer in time, or can change nothing now. It may be tried again. */
  unreachable: 3,
  /** The token is missing, not the right one, or not enough for this. */
  forbidden: 4,
  /** Another configuration holds by now than the one that was to be changed. */
  conflict: 5,
});

/** The end of a command that did not do what it should: a sentence for standard error, and the exit code. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
