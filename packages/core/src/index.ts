export type * from "./balance/view.ts";
export type * from "./classify/facts.ts";
export type * from "./config/resolved.ts";
export {
  DecodeError,
  decodeAcceptorMessage,
  decodeAcceptorNotice,
  decodeConfigNotice,
  decodeCoordinatorMessage,
  decodeCoordinatorNotice,
  decodeCoordinatorOrder,
  decodeSnapshot,
  decodeSupervisorMessage,
} from "./contract/decode.ts";
export { encodeLine, LineReader, MAX_LINE_BYTES } from "./contract/lines.ts";
export type * from "./contract/messages.ts";
export type * from "./membership/snapshot.ts";
