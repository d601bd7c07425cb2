import { decodeAnnouncement, type Publication } from "@shunt/core";
import { beforeEach, expect, test } from "vitest";
import { Publications, type Written } from "./publications.ts";

const FENCE = { holder: "c", term: 3 };

let publications: Publications;

beforeEach(() => {
  publications = new Publications();
});

const health = (reason: string): Publication => ({
  kind: "health",
  servers: [{ server: "a/1", healthy: false, reason }],
});

function begun(): Written {
  const [written] = publications.begin();
  if (written === undefined) throw new Error("nothing to write");
  return written;
}

const reasonOf = ({ announcement }: Written): string => {
  const { publication } = decodeAnnouncement(announcement);
  return publication.kind === "health" ? (publication.servers[0]?.reason ?? "") : "";
};

const lengthsOf = ({ announcement }: Written): number[] => [-1, -1, Buffer.byteLength(announcement), -1];
const version = (text: string): ReadonlyMap<string, string> => new Map([["health", text]]);

test("Publications keeps the last of a kind while one is being written, and numbers rise", () => {
  publications.add(health("first"), FENCE);
  const first = begun();
  for (const reason of ["second", "third"]) publications.add(health(reason), FENCE);
  expect(publications.begin()).toEqual([]);
  publications.settle(first, "written");
  const next = begun();
  expect([reasonOf(next), next.version]).toEqual(["third", { term: 3, number: 3 }]);
});

test("Publications writes again what was lost, unless there is something later", () => {
  publications.add(health("first"), FENCE);
  publications.settle(begun(), "lost");
  const again = begun();
  expect(reasonOf(again)).toBe("first");
  publications.add(health("second"), FENCE);
  publications.settle(again, "lost");
  expect(reasonOf(begun())).toBe("second");
});

test("Publications.missing() finds what was written and is not as it was, once until it is written again", () => {
  publications.add(health("ä"), FENCE);
  const written = begun();
  expect(publications.missing(new Map(), [-1, -1, -1, -1])).toEqual([]);
  publications.settle(written, "written");
  const lengths = lengthsOf(written);
  expect(publications.missing(version("3.1"), lengths)).toEqual([]);
  expect(publications.missing(version("3.0"), lengths)).toEqual(["health"]);
  expect(publications.missing(version("3.0"), lengths)).toEqual([]);
  publications.settle(begun(), "written");
  expect(publications.missing(version("3.1"), lengths.with(2, 7))).toEqual(["health"]);
});

test("Publications writes nothing again that was refused, or that belongs to another term", () => {
  publications.add(health("refused"), FENCE);
  publications.settle(begun(), "refused");
  expect(publications.missing(new Map(), [])).toEqual([]);
  publications.add(health("old"), FENCE);
  publications.settle(begun(), "written");
  publications.add(health("waiting"), FENCE);
  publications.forget();
  expect([publications.begin(), publications.missing(new Map(), [])]).toEqual([[], []]);
});
