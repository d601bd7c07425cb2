import type { ResolvedRule } from "@shunt/core";
import { expect, test } from "vitest";
import { snapshotOf } from "../publish/snapshot.ts";
import { testConfig } from "../test-config.ts";
import { Explainer, type Explanation, NO_LOADS } from "./explain.ts";
import { explanationText } from "./text.ts";

const isHigh: ResolvedRule = {
  name: "high",
  when: { kind: "test", on: { fact: "body", name: "/priority" }, matcher: { kind: "equal", value: "high" } },
  class: 0,
};
const explainer = new Explainer(snapshotOf(1, testConfig("/tmp", { rules: [isHigh] })));
const JSON_TYPE = ["Content-Type", "application/json"] as const;
const WAITS = "The content decides: an acceptor waits for it before it chooses a server.";

function explain(body: string | undefined, ...headers: (readonly [string, string])[]): Explanation {
  const octets = body === undefined ? undefined : Buffer.from(body);
  const asked = { method: "POST", target: "/", headers, client: "127.0.0.1", user: undefined, body: octets };
  return explainer.explain(asked, NO_LOADS, 1);
}

test("Explainer reads the content as an acceptor would, and says that it would wait for it", () => {
  expect(explain('{"priority":"high"}', JSON_TYPE)).toMatchObject({
    rule: "high",
    class: "gold",
    notes: [WAITS],
  });
  expect(explain('{"priority":"low"}', JSON_TYPE)).toMatchObject({
    rule: null,
    rules: { tried: [{ failed: { fact: "body./priority", values: ["low"] } }] },
  });
});

test.each([
  ["of another type", "{}", [["Content-Type", "text/plain"]], /^Nothing is known .*: its type or coding/],
  ["that is not well-formed", "{", [JSON_TYPE], /^Nothing is known /],
  ["that is too long", " ".repeat(16_385), [JSON_TYPE], /^Nothing is known .*too long/],
  ["that is not given", undefined, [JSON_TYPE, ["Content-Length", "5"]], /^The content is not given here/],
] as const)("Explainer says that nothing is known of content %s", (_, body, headers, note) => {
  const explanation = explain(body, ...headers);
  expect(explanation).toMatchObject({
    rule: null,
    rules: { tried: [{ failed: { unknown: true, values: [] } }] },
  });
  expect(explanation).toHaveProperty("notes", expect.arrayContaining([expect.stringMatching(note)]));
  expect(explanationText(explanation)).toContain(
    'no match  high: body./priority is unknown, expected "high"\n',
  );
});

test("Explainer takes fields for absent where there is no content", () => {
  expect(explanationText(explain(undefined))).toContain('body./priority is absent, expected "high"\n');
  expect(explain("", JSON_TYPE)).toMatchObject({ notes: [] });
});
