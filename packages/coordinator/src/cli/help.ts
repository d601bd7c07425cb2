const EXIT_CODES = `Exit codes
  0  done
  1  refused, or a mistake: in the command line, in a file, in what was asked for
  3  the admin API cannot be reached, does not answer in time, or can change nothing now
  4  the token is missing, wrong, or not enough for this
  5  another configuration holds by now (--if-match)
`;

const SERVING = `Exit codes
  0  ended by a signal, everything in flight was finished
  1  refused to start, with a sentence that says why; or ended at once, by a second signal
`;

const ADMIN = `  --admin URL        the admin API; default SHUNT_ADMIN, else http://127.0.0.1:7070
  --token-file FILE  the token, if there is one; default SHUNT_TOKEN
  --timeout MS       the longest wait for an answer; default 10000
  --json             for programs
`;

const CHANGE = `  --dry-run          say what would change, and change nothing
  --if-match VERSION refuse unless this holds: TERM-GENERATION, as \`shunt status\` shows it
${ADMIN}`;

/** What each command says of itself. */
const COMMANDS: Readonly<Record<string, string>> = {
  up: `shunt up -c FILE

Serves by a configuration file until SIGTERM or Ctrl-C: supervisor, coordinator and acceptors of this host. Prints one
line, \`ready\` with its addresses, when it serves. The first signal drains, a second one ends everything at once.

  --name NAME        of this host, in logs and status; default: as the system calls it

${SERVING}`,
  coordinator: `shunt coordinator -c FILE [--name NAME]

One of the coordinators of a cluster whose state is in Redis; any number may run, one of them leads. Prints \`ready\` with
the address of its admin API. While Redis is away it says so, and waits.

  --name NAME        of this host; default: as the system calls it

${SERVING}`,
  worker: `shunt worker --state URL [options]

Acceptors of a cluster: what they listen on and how they decide comes from Redis. Prints \`ready\` with addresses when they
serve. While Redis is away it says so and waits, or starts with the last snapshot that it has on disk.

  --state URL        redis://HOST:PORT/DB, rediss:// for TLS, redis+sentinel://, redis+cluster://; with USER@ before the hosts
                     where Redis has users. The password: SHUNT_REDIS_PASSWORD in the environment. One that stands in the
                     URL works, and everybody on this machine can read it there (\`ps\`)
  --prefix NAME      of keys and channels, where it is not shunt
  --acceptors N      processes of this host; default: as the configuration says
  --listen NAME=HOST:PORT   where a listener is on this host (again and again)
  --name NAME        of this host; default: as the system calls it
  --path DIR         what this host keeps: its lock, the last snapshot; default ./shunt-worker-PREFIX.state
  --ca FILE  --cert FILE  --key FILE  --server-name NAME   PEM files for rediss://

${SERVING}`,
  check: `shunt check FILE

Says everything that is wrong with a configuration file (.ts, .js, .json, .yaml), each with its place.
Exit code 0, or 1 when something is.
`,
  explain: `shunt explain -c FILE [options]      by a configuration file; nothing runs, all loads are zero
shunt explain --admin URL [options]  by a running Shunt, with the loads of this moment

Says why a request would go where.

  --method GET  --target /path  --header "Name: value" (again and again)
  --client ADDRESS  --user NAME
  --body TEXT        its content, or @FILE
  --seed NUMBER      the chance in the choice; the same seed gives the same choice
${ADMIN}
${EXIT_CODES}`,
  status: `shunt status [options]

Shows coordinator and leader, acceptors by host, pools and servers with their states. Exit code 0 when an acceptor
accepts connections, 1 when none does.

${ADMIN}
${EXIT_CODES}`,
  drain: `shunt drain POOL/SERVER [options]

The server finishes what is in flight and keeps clients that are bound to it; nobody else is sent there.
\`shunt ready POOL/SERVER\` takes it back.

${CHANGE}
${EXIT_CODES}`,
  ready: `shunt ready POOL/SERVER [options]

The server takes requests, from drain or maintenance.

${CHANGE}
${EXIT_CODES}`,
  maintenance: `shunt maintenance POOL/SERVER [options]

The server finishes what is in flight and takes nothing else, from nobody.
\`shunt ready POOL/SERVER\` takes it back.

${CHANGE}
${EXIT_CODES}`,
  weight: `shunt weight POOL/SERVER N [options]

The server's share of the load, 1..256, relative to the other servers of its pool.

${CHANGE}
${EXIT_CODES}`,
  config: `shunt config get                  prints the configuration that holds, as JSON; secrets stand as "(secret)"
shunt config diff FILE            says what would differ if FILE held
shunt config put FILE             has FILE hold, as a whole or not at all
shunt config history              lists what held, the newest first (--limit N; default 20)
shunt config rollback GENERATION  has hold again what held before, as a new generation

FILE is a configuration file of any kind (.ts, .js, .json, .yaml). It is loaded here, where the command runs: programs
run here, and { env } and { file } are read here. \`admin\` and \`state\` are the coordinator's own and stay.

${ADMIN}
put and rollback also take
  --dry-run          say what would change, and change nothing
  --if-match VERSION refuse unless this holds: TERM-GENERATION, as \`shunt config history\` lists it

${EXIT_CODES}`,
  top: `shunt top [options]

Shows what servers are loaded with, again and again; q quits. Without a terminal, one table.

  --once             one table
  --interval MS      between two looks, 100..60000; default 1000
  --json             a document for each look, a line each
${ADMIN.replace(/ {2}--json.*\n/, "")}
${EXIT_CODES}`,
};

export const HELP = `Shunt: a content-aware HTTP load balancer

  shunt up -c FILE        serve by a configuration file until SIGTERM or Ctrl-C
  shunt check FILE        say what is wrong with a configuration file, with places
  shunt explain -c FILE   say why a request would go where; --admin URL: by a running Shunt

Many hosts, which meet in a Redis:

  shunt coordinator -c FILE
                          one of the coordinators, by a configuration file
  shunt worker --state URL
                          acceptors of one host, by what stands in Redis

By the admin API of a running Shunt:

  shunt status            who takes part, and what of it serves
  shunt top               what servers are loaded with, live
  shunt drain POOL/SERVER
                          send nothing new to a server, finish what is in flight
  shunt maintenance POOL/SERVER
                          the same, for clients that are bound to it as well
  shunt ready POOL/SERVER
                          take it back
  shunt weight POOL/SERVER N
                          its share of the load
  shunt config get | put FILE | diff FILE | history | rollback GENERATION
                          see, change and restore the configuration

  shunt COMMAND --help    options and exit codes of a command
  shunt --help | --version
`;

/** The help of a command; of all where it has none of its own. */
export function helpOf(command: string): string {
  return Object.hasOwn(COMMANDS, command) ? (COMMANDS[command] ?? HELP) : HELP;
}
