import { expect, test } from "vitest";
import { Departed } from "./departed.ts";

const counted = (exchanges: number) => ({
  counters: { exchanges },
  gauges: { open: 3 },
  labelled: { responses: { "200": exchanges } },
  histograms: { seconds: { bounds: [1], counts: [exchanges, 0], sum: exchanges } },
});

test("Departed keeps the counts of more acceptors than it remembers, and none of their gauges", () => {
  const departed = new Departed();
  for (let i = 0; i < 200; i++) departed.add(`a${i}`, counted(1));
  expect(departed.counters()).toEqual({ ...counted(200), gauges: {} });
  expect(departed.toJSON().recent).toHaveLength(64);
});

test("Departed takes out what an acceptor that is back will tell itself, also after it was stored", () => {
  const before = new Departed();
  before.add("a1", counted(5));
  before.add("a2", counted(7));
  const after = new Departed(JSON.parse(JSON.stringify(before)));
  expect(after.takeBack("a1")?.counters).toEqual({ exchanges: 5 });
  expect(after.counters().counters).toEqual({ exchanges: 7 });
});
