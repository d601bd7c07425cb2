export type * from "./balance/view.ts";
export type * from "./classify/facts.ts";
export type * from "./config/resolved.ts";
export type * from "./contract/messages.ts";
export type * from "./membership/snapshot.ts";
