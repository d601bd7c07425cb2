import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf, StartRefusal } from "./refusal.ts";

/** Bytes of a Unix socket's path, the closing NUL included: `sun_path` of Linux; macOS has 4 fewer. */
const SOCKET_PATH_BYTES = 104;

/** The directory of a Shunt: its lock, its bus, its database, and who belongs to it. Private to one user. */
export class StateDirectory {
  readonly path: string;
  #lock: DatabaseSync | undefined;
  /** Holds the bus where the directory's own path is too long for it. */
  #standIn: string | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory where it is missing, and takes its lock.
   * The lock is the kernel's (SQLite takes it for us) and ends with the process, however that ends: there is no
   * stale lock and no moment between looking and taking.
   * @throws StartRefusal when another supervisor holds it or others may enter the directory.
   */
  static take(path: string): StateDirectory {
    const directory = new StateDirectory(resolve(path));
    makePrivate(directory.path, "state directory");
    directory.#acquire();
    return directory;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * Where the state bus listens. A path too long for a socket has a stand-in below the system's temporary
   * directory, the same for every supervisor of this state directory.
   */
  busPath(): string {
    const usual = this.file("bus.sock");
    if (Buffer.byteLength(usual) < SOCKET_PATH_BYTES) return usual;
    const digest = createHash("sha256").update(this.path).digest("hex").slice(0, 16);
    const standIn = join(tmpdir(), `shunt-${digest}`);
    makePrivate(standIn, "directory of the state bus");
    this.#standIn = standIn;
    const path = join(standIn, "bus.sock");
    if (Buffer.byteLength(path) < SOCKET_PATH_BYTES) return path;
    throw new StartRefusal(
      `Cannot place the state bus: "${usual}" and "${path}" are both longer than the ${SOCKET_PATH_BYTES - 1} bytes that a Unix socket's path may have. Set state.path to a shorter one.`,
    );
  }

  /** Removes what is of use only while somebody serves, and gives the lock back. */
  release(): void {
    if (this.#lock === undefined) return;
    rmSync(this.file("bus.sock"), { force: true });
    if (this.#standIn !== undefined) rmSync(this.#standIn, { recursive: true, force: true });
    rmSync(this.file("supervisor.pid"), { force: true });
    // The empty lock file stays: whoever has it open already would lock a file that nobody else finds.
    this.#lock.close();
    this.#lock = undefined;
  }

  #acquire(): void {
    const lock = new DatabaseSync(this.file("supervisor.lock"), { timeout: 0 });
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      lock.close();
      throw this.#refusal(error);
    }
    this.#lock = lock;
    writeAtomically(this.file("supervisor.pid"), `${process.pid}\n`);
  }

  #refusal(error: unknown): Error {
    if (!(error instanceof Error) || !/locked/.test(error.message)) {
      return new StartRefusal(`Cannot lock the state directory ${this.path}: ${String(error)}`);
    }
    const pid = readText(this.file("supervisor.pid"))?.trim() ?? "unknown";
    return new StartRefusal(
      `Cannot start with the state directory ${this.path}: a Shunt runs with it already (supervisor pid ${pid}). Stop that one, or name another directory in state.path.`,
    );
  }
}

/** Whoever reads the file at any moment, a crash included, sees the old content or the new, whole. */
export function writeAtomically(path: string, content: string): void {
  const next = `${path}.next`;
  writeFileSync(next, content, { mode: 0o600, flush: true });
  renameSync(next, path);
}

/** Undefined when there is no such file. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function makePrivate(path: string, what: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartRefusal(`Cannot make the ${what} ${path}: ${codeOf(error) ?? String(error)}`);
  }
  const objection = objectionTo(lstatSync(path));
  if (objection !== undefined) throw new StartRefusal(`Cannot use the ${what} ${path}: ${objection}`);
}

/** It holds keys and a socket that is obeyed, so nobody else may enter it. Not mended here: it may be shared. */
function objectionTo(stats: Stats): string | undefined {
  if (!stats.isDirectory()) return "it is no directory of its own (a symbolic link is none)";
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  if (stats.uid !== user) return `it belongs to user ${stats.uid}, expected ${user}`;
  if ((stats.mode & 0o077) === 0) return undefined;
  const mode = (stats.mode & 0o777).toString(8);
  return `others may enter it (mode ${mode}, expected 700). \`chmod 700\` it if it is Shunt's alone, or name another in state.path.`;
}
