// What judges requests. An entry of its own: every classifier thread loads its code for itself, and needs half of the rest.
export { affinityFor } from "./balance/affinity.ts";
export { NO_AFFINITY } from "./balance/hash.ts";
export { type Cidr, matchesCidr, parseAddress, parseCidr } from "./classify/address.ts";
export { classifyHead, classOf, DEPENDS } from "./classify/classify.ts";
export { type CompiledRules, compileRules } from "./classify/compile.ts";
export type { Address, Facts } from "./classify/facts.ts";
export { FIXED } from "./config/defaults.ts";
export type { DataPlaneConfig, ResolvedClass, ResolvedJwt } from "./config/resolved.ts";
export { ContentFacts } from "./content/content-facts.ts";
export { Batch, type BatchSize, CONTENT, RECORD, type VerdictFields } from "./contract/batch.ts";
export { isPathAmbiguous } from "./http/ambiguous-path.ts";
export { HeadFacts } from "./http/head-facts.ts";
export { HEAD, HEAD_FLAG } from "./http/head-flags.ts";
export { newHeadReader } from "./http/head-reader.ts";
export { REFUSE } from "./http/refusal.ts";
export type { RequestHead } from "./http/request-head.ts";
