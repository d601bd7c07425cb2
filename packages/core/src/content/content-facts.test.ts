import { describe, expect, test } from "vitest";
import { HEAD_FLAG } from "../http/head-flags.ts";
import { ContentFacts } from "./content-facts.ts";

const NAMES = ["/a", "/b", "a", "b"];
const HEAD = { types: ["application/json"], encodings: [] as string[], length: 0 };
const FORM = "application/x-www-form-urlencoded";

/** States of the fields named in NAMES. */
function states(content: ContentFacts): string[] {
  return NAMES.map((name) => content.field(name).state);
}

/** The head of a request with content. */
function begin(content: ContentFacts, { types, encodings, length }: typeof HEAD, longest = 100): void {
  const header = (name: string) =>
    name === "content-type" ? types : name === "content-encoding" ? encodings : [];
  content.begin({ flags: HEAD_FLAG.CONTENT, contentLength: length }, { header }, longest);
}

/** What is known of content of a type, once it was read. */
function read(type: string, octets: Uint8Array | string): ContentFacts {
  const content = new ContentFacts(NAMES);
  begin(content, { ...HEAD, types: [type] });
  content.read(Buffer.from(octets));
  return content;
}

describe("ContentFacts", () => {
  test("has every field absent where there is no content", () => {
    const content = new ContentFacts(NAMES);
    content.begin({ flags: 0, contentLength: 0 }, { header: () => [] }, 100);
    expect(states(content)).toEqual(["absent", "absent", "absent", "absent"]);
    expect(states(read("application/json", ""))).toEqual(["absent", "absent", "absent", "absent"]);
  });

  test("has the fields of its kind unread until it has come, and knows nothing of others", () => {
    const content = new ContentFacts(NAMES);
    begin(content, HEAD);
    expect(content.isUnread).toBe(true);
    expect(states(content)).toEqual(["unread", "unread", "unknown", "unknown"]);
    begin(content, { ...HEAD, types: [FORM] });
    expect(states(content)).toEqual(["unknown", "unknown", "unread", "unread"]);
  });

  test.each([
    ["another type", { ...HEAD, types: ["text/plain"] }],
    ["no type", { ...HEAD, types: [] }],
    ["a multipart form", { ...HEAD, types: ["multipart/form-data; boundary=x"] }],
    ["a coding", { ...HEAD, encodings: ["gzip"] }],
    ["a length beyond the bound", { ...HEAD, length: 101 }],
  ])("does not wait for content of %s, of which it knows nothing", (_, head) => {
    const content = new ContentFacts(NAMES);
    begin(content, head);
    expect(content.isUnread).toBe(false);
    content.read(Buffer.from('{"a":1}'));
    expect(states(content)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
  });

  test("waits for nothing where the bound is 0", () => {
    const content = new ContentFacts(NAMES);
    begin(content, HEAD, 0);
    expect(states(content)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
  });

  test("finds fields of JSON", () => {
    const content = read("application/json", '{"a":"ü"}');
    expect(states(content)).toEqual(["present", "absent", "unknown", "unknown"]);
    expect([content.field("/a").values, content.names()]).toEqual([["ü"], ["/a"]]);
  });

  test("finds fields of a form, decoded, with every value", () => {
    const content = read(FORM, "a=1+2%21&c&a=%C3%BC");
    expect(states(content)).toEqual(["unknown", "unknown", "present", "absent"]);
    expect([content.field("a").values, content.field("c").values]).toEqual([["1 2!", "ü"], [""]]);
    expect(content.names()).toEqual(["a", "c"]);
  });

  test.each([
    ["JSON that is none", "application/json", "{"],
    ["JSON that is not UTF-8", "application/json", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["JSON behind a byte order mark", "application/json", '\ufeff{"a":1}'],
  ])("knows nothing of %s", (_, type, octets) => {
    expect(states(read(type, octets)).slice(0, 2)).toEqual(["unknown", "unknown"]);
  });

  test("knows nothing of a form with octets that should be encoded", () => {
    expect(states(read(FORM, "a=ü")).slice(2)).toEqual(["unknown", "unknown"]);
  });

  test("forgets what it knew with the next request", () => {
    const content = read("application/json", '{"a":1}');
    content.giveUp();
    expect([states(content), content.names()]).toEqual([["unknown", "unknown", "unknown", "unknown"], []]);
    content.begin({ flags: 0, contentLength: 0 }, { header: () => [] }, 100);
    expect(states(content)[0]).toBe("absent");
  });
});
