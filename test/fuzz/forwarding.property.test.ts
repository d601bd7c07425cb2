import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { harm, harmed, piecesBy, pipeline, request, split } from "./arbitraries.ts";
import { readSent } from "./oracle/sent-requests.ts";
import { checkConversation, essence } from "./yard/checked-conversation.ts";
import { converse, finalOf, ruleOf } from "./yard/conversation.ts";
import { Yard } from "./yard/yard.ts";

/**
 * Aim: what a whole acceptor passes on is what was sent, for every reader and at any split. Method: messages are made by
 * their grammar, so that it is known what they say; checkConversation() asks Node's parser, llhttp and a strict reader.
 */

// Hooks of node:module, by which the yard stands in for it, are not asked by vitest.
vi.mock("node:net", () => import("./yard/net.ts"));

const RUNS = { numRuns: 400 };
const yard = await Yard.open({ rules: [] });

/** What servers get of a text that comes in these pieces. */
function forwarded(text: string, at: readonly number[]) {
  const sent = readSent(text);
  const conversation = converse(yard, piecesBy(text, at), sent);
  checkConversation(sent, conversation);
  return { ...conversation, essence: essence(conversation, sent) };
}

describe("an acceptor", () => {
  test("passes each valid request on as what it says, in its turn, however its octets come", () => {
    fc.assert(
      fc.property(pipeline, split, (requests, at) => {
        const { seen, answers } = forwarded(requests.map(({ text }) => text).join(""), at);
        const got = seen.map(({ message: { method, target, content } }) => ({ method, target, content }));
        expect(got).toEqual(requests.map(({ method, target, content }) => ({ method, target, content })));
        expect(finalOf(answers).map(ruleOf)).toEqual(requests.map(() => undefined));
      }),
      RUNS,
    );
  });

  test("does with spoiled requests the same at any split, and passes nothing on that was not sent", () => {
    fc.assert(
      fc.property(pipeline, fc.array(harm, { minLength: 1, maxLength: 3 }), split, (requests, harms, at) => {
        const text = harms.reduce(harmed, requests.map(({ text }) => text).join(""));
        expect(forwarded(text, at).essence).toBe(forwarded(text, []).essence);
      }),
      RUNS,
    );
  });

  test("reads nothing of a request as another one, whatever stands in its content", () => {
    fc.assert(
      fc.property(request, split, (inner, at) => {
        const { text } = inner;
        const outer = `POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
        const { seen } = forwarded(outer + text, at);
        expect(seen.map(({ message: { target } }) => target)).toEqual(["/outer", inner.target]);
      }),
      RUNS,
    );
  });

  test("passes on what another one has passed on as it came, but for what each of them adds", () => {
    fc.assert(
      fc.property(request, ({ text }) => {
        const [once] = forwarded(text, []).seen;
        const [twice] = forwarded(once?.text ?? "", []).seen;
        const via = (line: string): boolean => /^Via:/.test(line);
        const stable = (octets = ""): string[] => octets.replace(/(X-Request-Id: ).*/, "$1").split("\r\n");
        expect(stable(twice?.text).filter((line) => !via(line))).toEqual(
          stable(once?.text).filter((line) => !via(line)),
        );
      }),
      RUNS,
    );
  });
});
