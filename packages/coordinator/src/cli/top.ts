import { readPools } from "./admin/answers.ts";
import type { AdminClient } from "./admin/client.ts";
import { ADMIN_OPTIONS, adminClient, wholeNumber } from "./admin/options.ts";
import { parse, refuseOperands } from "./arguments.ts";
import { CommandFailure, EXIT } from "./exit-code.ts";
import { printable } from "./table.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { type Look, type ServerRow, serverRows, topTable } from "./top-table.ts";

const DEFAULT_INTERVAL_MS = 1_000;

/**
 * `shunt top`: the servers as they are loaded now. In a terminal again and again until q; elsewhere, or with --once, one
 * table; with --json a document for each interval.
 */
export async function top(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse("top", args, {
    ...ADMIN_OPTIONS,
    once: { type: "boolean", default: false },
    interval: { type: "string" },
  });
  refuseOperands("top", positionals, "It shows all servers.");
  const interval = wholeNumber("top", "--interval", values.interval, [100, 60_000]) ?? DEFAULT_INTERVAL_MS;
  const client = adminClient("top", values);
  if (values.json) return await documents(client, values.once ? 1 : Number.POSITIVE_INFINITY, interval);
  const terminal = values.once ? undefined : terminalOf(process);
  if (terminal !== undefined) return await live(client, terminal, interval);
  process.stdout.write(topTable(serverRows(await look(client), undefined)));
  return EXIT.done;
}

async function look(client: AdminClient): Promise<Look> {
  const { body } = await client.get("/v1/pools");
  return { at: performance.now(), pools: readPools(body) };
}

/** One line for each look. */
async function documents(client: AdminClient, looks: number, interval: number): Promise<number> {
  let before: Look | undefined;
  for (let looked = 0; looked < looks; looked++) {
    if (looked > 0) await pause(interval);
    const now = await look(client);
    const document = { at: new Date().toISOString(), servers: serverRows(now, before) };
    process.stdout.write(`${JSON.stringify(document)}\n`);
    before = now;
  }
  return EXIT.done;
}

/** A coordinator that is away for a while, once it was there, is waited for. */
async function live(client: AdminClient, terminal: Terminal, interval: number): Promise<number> {
  try {
    let before = await look(client);
    terminal.show(page(serverRows(before, undefined), terminal.rows));
    while (!terminal.quits) {
      await Promise.race([pause(interval), terminal.quit]);
      try {
        const now = await look(client);
        terminal.show(page(serverRows(now, before), terminal.rows));
        before = now;
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        terminal.show(`${printable(error.message)}\n\nq quits\n`);
      }
    }
  } finally {
    terminal.restore();
  }
  return EXIT.done;
}

/** As much of the table as there is room for. */
function page(rows: readonly ServerRow[], height: number): string {
  const room = Math.max(1, height - 4);
  const more = rows.length > room ? `and ${rows.length - room} more; ` : "";
  return `${topTable(rows.slice(0, room))}\n${more}q quits\n`;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
