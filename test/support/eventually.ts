/** Long enough for any healthy machine; a test that waits for this long has failed. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 20;

/** Asks until the answer `holds`. For what happens in another process, where there is no event to wait for. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  holds: (value: T) => boolean,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await attempt(ask);
    if (seen.ok && holds(seen.value)) return seen.value;
    if (Date.now() > deadline) throw new Error(`not in time; last seen: ${described(seen)}`);
    await delay(LOOK_MS);
  }
}

type Seen<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function attempt<T>(ask: () => Promise<T> | T): Promise<Seen<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    return { ok: false, error };
  }
}

function described(seen: Seen<unknown>): string {
  return seen.ok ? JSON.stringify(seen.value) : String(seen.error);
}

/** Rejects with a sentence where `promise` would leave a test waiting for ever. */
export async function inTime<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in time: ${what()}`)), PATIENCE_MS);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** For a server or a client that is slow on purpose; never to wait for something. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
