/** A screen that is written over again and again, and a key that ends it. */
export interface Terminal {
  readonly rows: number;
  readonly quits: boolean;
  /** Resolves when it is to end. */
  readonly quit: Promise<void>;
  show(text: string): void;
  /** As it was before. */
  restore(): void;
}

const OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
const OWN_SCREEN = "\u001b[?25h\u001b[?1049l";
const HOME_AND_CLEAR = "\u001b[H\u001b[J";
/** Of a terminal that does not say how large it is. */
const ROWS = 24;
const COLUMNS = 80;
const CTRL_C = "\u0003";

/** Undefined where nobody looks: a pipe, a file, a terminal that can do nothing. */
export function terminalOf({ stdin, stdout, env }: NodeJS.Process): Terminal | undefined {
  if (!stdout.isTTY || !stdin.isTTY || env.TERM === "dumb") return undefined;
  let quits = false;
  const { promise: quit, resolve } = Promise.withResolvers<void>();
  const onKey = (key: Buffer): void => {
    if (!["q", "Q", CTRL_C].includes(key.toString())) return;
    quits = true;
    resolve();
  };
  stdin.setRawMode(true);
  stdin.on("data", onKey);
  stdout.write(OTHER_SCREEN);
  return {
    get rows() {
      return stdout.rows || ROWS;
    },
    get quits() {
      return quits;
    },
    quit,
    show: (text) => stdout.write(HOME_AND_CLEAR + cut(text, stdout.columns || COLUMNS)),
    restore: () => {
      stdin.off("data", onKey);
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write(OWN_SCREEN);
    },
  };
}

/** Lines that went round would push others off the screen. */
function cut(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => line.slice(0, columns))
    .join("\n");
}
