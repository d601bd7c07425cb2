import { RawClient } from "../../support/raw-client.ts";
import type { RawResponse } from "../../support/response-reader.ts";
import { require } from "../engine/target.ts";

/** How long the neighbour lets pass between two requests. */
const REST_MS = 5;

/** A client who does nothing wrong: whatever others do, each of its requests gets its answer, on one connection. */
export class Neighbour {
  readonly #done: Promise<void>;
  #leaving = false;
  answers = 0;

  constructor(url: string) {
    this.#done = this.#ask(url);
    // Whoever waits for it is told later.
    this.#done.catch(() => {});
  }

  /** Ends; rejects when something went wrong before. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#done;
    require(this.answers > 0, () => "the neighbour got no answer");
  }

  async #ask(url: string): Promise<void> {
    let client = await RawClient.connect(url);
    while (!this.#leaving) {
      const number = String(this.answers);
      const { status, fields } = await ask(client, number);
      require(status === 200 || status === 204, () => `the neighbour got ${status}`);
      require(fields.has("x-asked"), () => "the neighbour got an answer that no server gave");
      this.answers++;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      if (fields.get("connection")?.includes("close") === true) client = await RawClient.connect(url);
    }
    client.socket.destroy();
  }
}

/** Asks, and passes interim responses over. */
async function ask(client: RawClient, number: string): Promise<RawResponse> {
  let response = await client.ask(`/neighbour/${number}`, `X-Number: ${number}`);
  while (response.status < 200) response = await client.response();
  return response;
}
