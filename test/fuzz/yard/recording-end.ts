import type { FarEnd } from "./socket.ts";

/** A client's end: it keeps what it is sent. */
export class RecordingEnd implements FarEnd {
  text = "";
  ending: "fin" | "reset" | undefined;

  received(octets: Buffer): void {
    this.text += octets.toString("latin1");
  }

  ended(how: "fin" | "reset"): void {
    this.ending = how;
  }
}
