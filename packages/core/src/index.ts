export { affinityFor } from "./balance/affinity.ts";
export { parseAnnouncedLoad } from "./balance/announced-load.ts";
export { type PoolRefusal, poolRefusal } from "./balance/eligibility.ts";
export type { PoolExplanation } from "./balance/explain.ts";
export { hash32, NO_AFFINITY } from "./balance/hash.ts";
export { averageReported } from "./balance/load.ts";
export { type Planned, planAgain, planFor } from "./balance/plan.ts";
export { ChoiceTrace } from "./balance/trace.ts";
export type { BalancePlan, Candidate, PoolView } from "./balance/view.ts";
export { type Cidr, matchesCidr, parseAddress, parseCidr } from "./classify/address.ts";
export { classify, classifyHead, classOf, DEPENDS } from "./classify/classify.ts";
export { type CompiledRules, compileRules, factsRead } from "./classify/compile.ts";
export { explainRules, type RulesExplanation, type TriedRule } from "./classify/explain.ts";
export type { Address, Facts } from "./classify/facts.ts";
export { DEFAULT_HEALTH, FIXED, UNBOUNDED } from "./config/defaults.ts";
export { type BuiltAround, needsRestart } from "./config/needs-restart.ts";
export type {
  ActiveHealth,
  AnnouncedLoad,
  BalanceName,
  ClassRoute,
  Condition,
  DataPlaneConfig,
  FactName,
  HashKey,
  HttpCheck,
  JwtAlgorithm,
  Limits,
  LogLevel,
  Matcher,
  PassiveHealth,
  ProxyProtocol,
  RedisTls,
  ResolvedAdmin,
  ResolvedClass,
  ResolvedConfig,
  ResolvedHealth,
  ResolvedIdentity,
  ResolvedJwt,
  ResolvedLimit,
  ResolvedListener,
  ResolvedLog,
  ResolvedPool,
  ResolvedRedis,
  ResolvedRule,
  ResolvedServer,
  ResolvedState,
  ResolvedToken,
  Retry,
  Role,
  ServerState,
  Timeouts,
} from "./config/resolved.ts";
export { ROLES, SERVER_STATES } from "./config/resolved.ts";
export type { BodyField } from "./content/body-field.ts";
export { ContentFacts } from "./content/content-facts.ts";
export {
  Batch,
  type BatchSize,
  CONTENT,
  type EntryPeer,
  RECORD,
  Verdict,
  type VerdictFields,
} from "./contract/batch.ts";
export {
  type Announcement,
  decodeAnnouncement,
  decodeQuestion,
  decodeRegistration,
  decodeReport,
  encodeAnnouncement,
  encodeQuestion,
  encodeRegistration,
  encodeReport,
  Inbox,
  type Registration,
  type Report,
} from "./contract/bus-forms.ts";
export {
  asPublicationVersion,
  type BusNames,
  busNames,
  type Fence,
  isLater,
  leaseValue,
  PUBLICATION_KINDS,
  type PublicationVersion,
  readLease,
  readVersion,
  versionText,
} from "./contract/channels.ts";
export {
  decodeAcceptorMessage,
  decodeAcceptorNotice,
  decodeConfigNotice,
  decodeCoordinatorMessage,
  decodeCoordinatorNotice,
  decodeCoordinatorOrder,
  decodePublication,
  decodeRedis,
  decodeSnapshotNotice,
  decodeSupervisorMessage,
} from "./contract/decode.ts";
export { decodeSnapshot } from "./contract/decode-snapshot.ts";
export { DecodeError } from "./contract/fields.ts";
export { encodeLine, LineReader, MAX_LINE_BYTES } from "./contract/lines.ts";
export type {
  AcceptorCounters,
  AcceptorMessage,
  AcceptorNotice,
  AttemptRecord,
  BusAccess,
  ConfigNotice,
  CoordinatorMessage,
  CoordinatorNotice,
  CoordinatorOrder,
  ExchangeRecord,
  HostPart,
  LastWords,
  Publication,
  PublishedLoad,
  Question,
  ReportedLoad,
  ServerHealth,
  ServerLoad,
  ServerMeasures,
  ShareGrant,
  SharePublication,
  ShareReport,
  ShareUse,
  SnapshotNotice,
  SupervisorMessage,
} from "./contract/messages.ts";
export {
  parseRedisUrl,
  type RedisAddress,
  type RedisNode,
  type RedisUrl,
} from "./contract/redis-address.ts";
export {
  COMMAND_TIMEOUT_MS,
  type RedisClientOptions,
  reconnectDelay,
  redisClientOptions,
} from "./contract/redis-client.ts";
export { type LinkedClient, type LinkOptions, RedisLink } from "./contract/redis-link.ts";
export { RedisScript, type ScriptRunner } from "./contract/redis-script.ts";
export { REDIS_TROUBLES, type RedisTrouble, redisTroubleOf } from "./contract/redis-trouble.ts";
export { redisUrlOf } from "./contract/redis-url.ts";
export { RedisWatch, type TroubleListener } from "./contract/redis-watch.ts";
export {
  type Choice,
  type ChoiceExplanation,
  chooseForClass,
  explainChoice,
  NONE_TRIED,
  newChoice,
  type PoolViews,
  type Tried,
} from "./decide.ts";
export { FAILURE, type Failure } from "./errors.ts";
export { ANSWER_BOUNDS_MS, AnswerTimes } from "./health/answer-times.ts";
export {
  isAvailable,
  isPanic,
  type Judged,
  mayEject,
  mayEjectOutlier,
  panics,
} from "./health/availability.ts";
export {
  afterCheck,
  afterFirstCheck,
  type CheckResult,
  type CheckState,
  UNCHECKED,
} from "./health/check-state.ts";
export {
  admits,
  advanced,
  answered,
  countsAgainstServer,
  type Ejection,
  type EjectionCause,
  failed,
  foundOutlier,
  newEjection,
  requested,
} from "./health/ejection.ts";
export { decayedLatency, observeLatency } from "./health/latency.ts";
export { OutcomeWindow } from "./health/outcome-window.ts";
export {
  looksForOutliers,
  medianMs,
  type Outlier,
  outlierOf,
  slowAboveMs,
  sweepEveryMs,
} from "./health/outlier.ts";
export { slowStartShare } from "./health/slow-start.ts";
export { isPathAmbiguous } from "./http/ambiguous-path.ts";
export {
  type BodyFault,
  type BodyFraming,
  CloseDelimitedBody,
  LengthBody,
  NO_BODY,
  sentOn,
} from "./http/body.ts";
export { ChunkedBody, type DataSink } from "./http/chunked-body.ts";
export { areEmptyLines } from "./http/empty-lines.ts";
export { FIELD, FieldNames } from "./http/field-names.ts";
export { HeadFacts } from "./http/head-facts.ts";
export { HEAD, HEAD_FLAG } from "./http/head-flags.ts";
export { type HeadReader, newHeadReader } from "./http/head-reader.ts";
export { type LateNames, lateName, optionNames } from "./http/late-names.ts";
export { METHOD, methodName } from "./http/methods.ts";
export { PARSER_BYTES } from "./http/parser.ts";
export { REFUSALS, REFUSE, type Refusal } from "./http/refusal.ts";
export { RequestHead } from "./http/request-head.ts";
export { LOAD_FIELD, RESPONSE_BODY, ResponseHead } from "./http/response-head.ts";
export { namesIn, serverNames } from "./membership/server-names.ts";
export { isNewer, type Snapshot, type SnapshotVersion } from "./membership/snapshot.ts";
export type {
  Endpoint,
  Endpoints,
  HeaderFault,
  HeaderReading,
  Origin,
} from "./proxy-protocol/header.ts";
export { readProxyHeader } from "./proxy-protocol/read.ts";
export { writeProxyHeader } from "./proxy-protocol/write.ts";
export { SeedSequence } from "./random.ts";
export { GRANTS_RENEWED_MS, LEASE_SURELY_ENDED_MS, SHARE_LEASE_MS } from "./shares/lease.ts";
export { Ledger } from "./shares/ledger.ts";
export { type ClusterLimits, clusterLimits, type LimitedPool } from "./shares/limits.ts";
