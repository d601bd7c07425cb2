import type { Failure, ResponseHead } from "@shunt/core";
import type { Backend } from "./connect/backend.ts";
import type { ServerEvents } from "./connect/server-connection.ts";
import type { Attempt } from "./track/attempt.ts";

/** For tests: keeps what a server connection tells. */
export class ToldByServer implements ServerEvents {
  readonly told: string[] = [];
  body_ = "";
  failure: Failure | undefined;
  onHead: () => void = () => {};
  connected(): void {
    this.told.push("connected");
  }
  interim(_attempt: Attempt, { status }: ResponseHead): void {
    this.told.push(`interim ${status}`);
  }
  head(_attempt: Attempt, { status }: ResponseHead, body: Uint8Array, complete: boolean): void {
    this.told.push(`head ${status}${complete ? ", complete" : ""}`);
    this.body_ += Buffer.from(body).toString("latin1");
    this.onHead();
  }
  body(_attempt: Attempt, octets: Uint8Array, _buffer: unknown, complete: boolean): void {
    this.body_ += Buffer.from(octets).toString("latin1");
    if (complete) this.told.push("complete");
  }
  announced(_backend: Backend, text: string): void {
    this.told.push(`announced ${text}`);
  }
  upgraded(_attempt: Attempt, _head: ResponseHead, rest: Uint8Array): void {
    this.told.push("upgraded");
    this.body_ += Buffer.from(rest).toString("latin1");
  }
  tunnelled(_attempt: Attempt, octets: Uint8Array): void {
    this.body_ += Buffer.from(octets).toString("latin1");
  }
  tunnelEnded(): void {
    this.told.push("tunnel ended");
  }
  moved({ exchange }: Attempt, reason: string): void {
    this.told.push(`moved ${exchange.target}: ${reason}`);
  }
  failed(_attempt: Attempt, failure: Failure, detail: string): void {
    this.failure = failure;
    this.told.push(`failed ${failure.code}: ${detail}`);
  }
  writable(): void {
    this.told.push("writable");
  }
  closedIdle(_backend: Backend, reason: string): void {
    this.told.push(`closed idle: ${reason}`);
  }
}
