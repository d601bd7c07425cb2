// What turns a configuration as it is written into a resolved one. An entry of its own: it stands on zod, of which no
// acceptor and no classifier thread should pay the 20 MB.
export { formatMistake, formatPath, type Mistake, type Path, quote, type Warning } from "./mistake.ts";
export type { ResolveContext } from "./reading.ts";
export { resolveConfig } from "./resolve.ts";
export { didYouMean, oneOfNames } from "./suggest.ts";
